// Scores against their definitions, written out plainly, and against values known by hand.
//
// Place: beside src/metrics. Invariant: how rows are cut into batches changes nothing.

import { describe, expect, test } from "vitest";

import { EdgegradError } from "../../src/errors.ts";
import {
  calibrationError,
  confusionMatrix,
  f1Score,
  logLoss,
  meanAbsolutePercentageError,
  prAuc,
  precision,
  recall,
  rocAuc,
  rootMeanSquaredError,
  rSquared,
  type Score,
  topKAccuracy,
} from "../../src/metrics/scores.ts";

const N = 200;
const scores = Array.from({ length: N }, (_, i) => Math.round(10 * Math.sin(7 * i)) / 5);
const labels = Array.from({ length: N }, (_, i) => Number(scores[i]! + Math.cos(13 * i) > 0.2));

/** The same result in one batch and in uneven ones. */
function streamed(make: () => Score, p: number[], t: number[], columns = 1): number {
  const whole = make().update(p, t).result();
  const parts = make();
  for (let from = 0; from < t.length; from += 7)
    parts.update(p.slice(from * columns, (from + 7) * columns), t.slice(from, from + 7));
  expect(parts.result()).toBeCloseTo(whole, 12);
  return whole;
}

describe("ranking", () => {
  test("rocAuc is the share of ordered pairs", () => {
    let [won, pairs] = [0, 0];
    for (let i = 0; i < N; i++)
      for (let j = 0; j < N; j++)
        if (labels[i] === 1 && labels[j] === 0) {
          pairs++;
          won += scores[i]! > scores[j]! ? 1 : scores[i] === scores[j] ? 0.5 : 0;
        }
    expect(streamed(rocAuc, scores, labels)).toBeCloseTo(won / pairs, 12);
  });

  test("prAuc: the example of scikit-learn's manual", () => {
    expect(prAuc().update([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]).result()).toBeCloseTo(0.8333333333, 9);
  });

  test("targets of one class are an error", () => {
    expect(() => rocAuc().update([1, 2], [1, 1]).result()).toThrow(/both classes/);
    expect(() => prAuc().update([1, 2], [0, 0]).result()).toThrow(EdgegradError);
  });
});

describe("decisions", () => {
  test("confusion matrix, precision, recall and F1 of hand-made rows", () => {
    const p = [1, 2, -1, 3, -2, -3];
    const t = [1, 0, 1, 1, 0, 0];
    expect(confusionMatrix().update(p, t).result()).toEqual([
      [2, 1],
      [1, 2],
    ]);
    expect(precision().update(p, t).result()).toBeCloseTo(2 / 3, 12);
    expect(recall().update(p, t).result()).toBeCloseTo(2 / 3, 12);
    expect(f1Score().update(p, t).result()).toBeCloseTo(2 / 3, 12);
    expect(recall({ threshold: 2.5 }).update(p, t).result()).toBeCloseTo(1 / 3, 12);
  });

  test("several classes: macro and micro", () => {
    const p = [3, 1, 0, 0, 2, 1, 0, 1, 2, 5, 1, 1];
    const t = [0, 1, 1, 0];
    expect(confusionMatrix({ classes: 3 }).update(p, t).result()).toEqual([
      [2, 0, 0],
      [0, 1, 1],
      [0, 0, 0],
    ]);
    expect(precision({ classes: 3 }).update(p, t).result()).toBeCloseTo(2 / 3, 12);
    expect(recall({ classes: 3 }).update(p, t).result()).toBeCloseTo(0.5, 12);
    expect(f1Score({ classes: 3, average: "micro" }).update(p, t).result()).toBeCloseTo(0.75, 12);
    expect(topKAccuracy(1, 3).update(p, t).result()).toBe(0.75);
    expect(topKAccuracy(2, 3).update(p, t).result()).toBe(1);
  });
});

describe("probabilities", () => {
  test("logLoss from logits and from probabilities", () => {
    const p = scores.map((z) => 1 / (1 + Math.exp(-z)));
    const want = labels.reduce((sum, t, i) => sum - Math.log(t ? p[i]! : 1 - p[i]!), 0) / N;
    expect(streamed(() => logLoss(), scores, labels)).toBeCloseTo(want, 12);
    expect(streamed(() => logLoss({ fromLogits: false }), p, labels)).toBeCloseTo(want, 12);
  });

  test("calibrationError", () => {
    // Confidence 0.9, right in 1 of 2; confidence 0.6, right in 2 of 2.
    const p = [0.9, 0.9, 0.6, 0.4];
    const error = calibrationError({ fromLogits: false }).update(p, [1, 0, 1, 0]).result();
    expect(error).toBeCloseTo((Math.abs(1 - 1.8) + Math.abs(2 - 1.2)) / 4, 12);
  });
});

describe("regression", () => {
  const t = [3, -0.5, 2, 7];
  const p = [2.5, 0.0, 2, 8];
  test("R², RMSE, MAPE of scikit-learn's example", () => {
    expect(rSquared().update(p, t).result()).toBeCloseTo(0.9486081370449679, 12);
    expect(rootMeanSquaredError().update(p, t).result()).toBeCloseTo(Math.sqrt(0.375), 12);
    expect(meanAbsolutePercentageError().update(p, t).result()).toBeCloseTo(0.3273809523809524, 12);
    expect(() => rSquared().update([1, 2], [5, 5]).result()).toThrow(/equal/);
  });
});

test("predictions that do not fit their targets are refused", () => {
  expect(() => rocAuc().update([1, 2, 3], [0, 1])).toThrow(/expected 1 predictions/);
  expect(() => confusionMatrix({ classes: 3 }).update([1, 2, 3], [3])).toThrow(/labels from 0 to 2/);
});
