// Weights and resampling of imbalanced classes against their definitions, and what they refuse.

import { describe, expect, test } from "vitest";

import { balancedSampleWeights, classWeights, oversample, undersample } from "../../src/data/index.ts";
import { ConfigError } from "../../src/errors.ts";

/** 90 rows of class 0, 9 of class 1, 1 of class 3; no class 2. */
const labels = Int32Array.from({ length: 100 }, (_, i) => (i % 100 === 7 ? 3 : i % 11 === 5 ? 1 : 0));
const countOf = (rows: ArrayLike<number>, of: number) =>
  Array.from(rows).filter((row) => labels[row] === of).length;
const [zeros, ones, threes] = [0, 1, 3].map(
  (c) => Array.from(labels).filter((label) => label === c).length,
) as [number, number, number];

describe("classWeights", () => {
  test("are rows / (classes present · rows of the class), 0 for a class without rows", () => {
    expect(classWeights(labels)).toEqual([100 / (3 * zeros), 100 / (3 * ones), 0, 100 / (3 * threes)]);
    expect(classWeights(labels, { classes: 6 })).toHaveLength(6);
  });

  test("make the sum over the rows the number of rows", () => {
    const sum = balancedSampleWeights(labels).reduce((a, b) => a + b, 0);
    expect(sum).toBeCloseTo(labels.length, 3);
  });

  test("strength goes from no change to full balance", () => {
    expect(classWeights(labels, { strength: 0 })).toEqual([1, 1, 0, 1]);
    const half = classWeights(labels, { strength: 0.5 });
    expect(half[1]).toBeCloseTo(Math.sqrt(100 / (3 * ones)), 12);
  });

  test.each([
    ["no labels", () => classWeights([])],
    ["a label that is no whole number", () => classWeights([0, 1.5])],
    ["a negative label", () => classWeights([0, -1])],
    ["fewer classes than labels", () => classWeights([0, 4], { classes: 3 })],
    ["a strength above 1", () => classWeights([0, 1], { strength: 2 })],
    ["a ratio of 0", () => oversample([0, 1], { ratio: 0 })],
    ["a ratio that is NaN", () => undersample([0, 1], { ratio: Number.NaN })],
    ["a negative seed", () => oversample([0, 1], { seed: -1 })],
  ])("%s is refused", (_, call) => {
    expect(call).toThrow(ConfigError);
  });

  test("the message names the row", () => {
    expect(() => classWeights([0, 1, 0.5])).toThrow("got 0.5 in row 2");
  });
});

describe("oversample", () => {
  test("gives every class the rows of the largest, each row about equally often", () => {
    const rows = oversample(labels, { seed: 4 });
    for (const label of [0, 1, 3]) expect(countOf(rows, label)).toBe(zeros);
    const times = new Map<number, number>();
    for (const row of rows) times.set(row, (times.get(row) ?? 0) + 1);
    const ofOnes = [...times].filter(([row]) => labels[row] === 1).map(([, count]) => count);
    expect(ofOnes).toHaveLength(ones);
    expect(Math.max(...ofOnes) - Math.min(...ofOnes)).toBeLessThanOrEqual(1);
    expect(times.size).toBe(labels.length);
  });

  test("ratio is a share of the largest class; what has more is kept", () => {
    const rows = oversample(labels, { ratio: 0.5 });
    expect(countOf(rows, 0)).toBe(zeros);
    expect(countOf(rows, 1)).toBe(Math.round(zeros / 2));
  });

  test("depends on the seed alone", () => {
    expect(oversample(labels, { seed: 1 })).toEqual(oversample(labels, { seed: 1 }));
    expect(oversample(labels, { seed: 1 })).not.toEqual(oversample(labels, { seed: 2 }));
  });
});

test("undersample leaves each class at most ratio times the smallest, no row twice", () => {
  const rows = undersample(labels, { ratio: 4, seed: 3 });
  expect([0, 1, 3].map((c) => countOf(rows, c))).toEqual([4, 4, 1]);
  expect(new Set(rows).size).toBe(rows.length);
});
