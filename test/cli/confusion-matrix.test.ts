// The confusion matrix counts truth by row and prediction by column, and refuses what is no class.
import { expect, test } from "vitest";
import { confusionMatrix, formatConfusionMatrix } from "../../src/cli/confusion-matrix.ts";
import { ShapeError } from "../../src/errors.ts";

test("rows are the truth, columns the prediction", () => {
  expect([...confusionMatrix([0, 0, 1, 2], [0, 2, 1, 0], 3)]).toEqual([1, 0, 1, 0, 1, 0, 1, 0, 0]);
});

test("the table shows counts, dots for zero, and recall", () => {
  expect(formatConfusionMatrix([1, 0, 1, 0, 120, 0, 0, 0, 0], ["cat", "dog", "emu"])).toBe(
    [
      "truth │ cat dog emu │ recall",
      "──────┼─────────────┼───────",
      "  cat │   1   ·   1 │  50.0%",
      "  dog │   · 120   · │ 100.0%",
      "  emu │   ·   ·   · │      –",
    ].join("\n"),
  );
});

test("lengths that differ and classes out of range are refused", () => {
  expect(() => confusionMatrix([0], [0, 1], 2)).toThrow(ShapeError);
  expect(() => confusionMatrix([0, 2], [0, 1], 2)).toThrow(/row 1 holds class 2, expected 0 to 1/);
  expect(() => confusionMatrix([0], [Number.NaN], 2)).toThrow(ShapeError);
});
