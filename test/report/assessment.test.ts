// Assessments against counts made by hand and against the scores of the library.

import { describe, expect, test } from "vitest";
import {
  assessClasses,
  assessValues,
  calibrationError,
  confusionMatrix,
  rootMeanSquaredError,
  rSquared,
} from "../../src/api.ts";
import { numbers } from "../train/session.ts";

describe("classes", () => {
  test("three classes from logits", () => {
    const logits = numbers(300, 4).map((v) => 4 * v);
    const labels = Int32Array.from({ length: 100 }, (_, i) => (i * 7) % 3);
    const a = assessClasses(logits, labels);
    const matrix = confusionMatrix({ classes: 3 }).update(logits, labels).result();
    expect(a.confusion).toEqual(matrix);
    expect(a.accuracy).toBeCloseTo((matrix[0]![0]! + matrix[1]![1]! + matrix[2]![2]!) / 100, 12);
    expect(a.calibrationError).toBeCloseTo(
      calibrationError({ classes: 3 }).update(logits, labels).result(),
      6,
    );
    expect(a.bins.reduce((sum, bin) => sum + bin.rows, 0)).toBe(100);
  });

  test("one probability a row", () => {
    // Sure and right, sure and wrong, unsure and right.
    const a = assessClasses([0.95, 0.95, 0.45], [1, 0, 0], false);
    expect(a.confusion).toEqual([
      [1, 1],
      [0, 1],
    ]);
    expect(a.accuracy).toBeCloseTo(2 / 3, 12);
    expect(a.bins).toEqual([
      { rows: 1, confidence: expect.closeTo(0.55, 9), accuracy: 1 },
      { rows: 2, confidence: expect.closeTo(0.95, 9), accuracy: 0.5 },
    ]);
    expect(a.calibrationError).toBeCloseTo((0.45 + 2 * 0.45) / 3, 9);
  });

  test("what does not fit is refused", () => {
    expect(() => assessClasses([1, 2, 3], [0, 1])).toThrowError(
      expect.objectContaining({ code: "report/shape" }),
    );
    expect(() => assessClasses([1, 2, 3, 4], [0, 2])).toThrowError(
      expect.objectContaining({ code: "report/label", fields: { row: 1 } }),
    );
    expect(() => assessClasses([1, 2, Number.NaN, 4], [0, 1])).toThrowError(
      expect.objectContaining({ code: "report/not-finite", fields: { row: 1 } }),
    );
  });
});

test("values", () => {
  const targets = numbers(1000, 2);
  const predictions = targets.map((v, i) => v + (i % 2 ? 0.1 : -0.1));
  const a = assessValues(predictions, targets);
  expect(a.rootMeanSquaredError).toBe(rootMeanSquaredError().update(predictions, targets).result());
  expect(a.meanAbsoluteError).toBeCloseTo(0.1, 5);
  expect(a.rSquared).toBe(rSquared().update(predictions, targets).result());
  expect(a.pairs.length).toBeLessThanOrEqual(400);
  expect(a.pairs[1]).toEqual([targets[3], predictions[3]]);
  expect(assessValues([1, 2], [3, 3])).not.toHaveProperty("rSquared");
});
