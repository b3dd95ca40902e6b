// Splits hold every row once, repeat for a seed, and keep class proportions where asked.
import { describe, expect, test } from "vitest";
import { permutation, takeRows, trainTestSplit } from "../../src/data/split.ts";
import { ConfigError, ShapeError } from "../../src/errors.ts";

const sorted = (rows: ArrayLike<number>) => Array.from(rows).sort((a, b) => a - b);
const range = (count: number) => Array.from({ length: count }, (_, i) => i);

test("a permutation holds every number once and depends on the seed", () => {
  expect(sorted(permutation(1000, 5))).toEqual(range(1000));
  expect(permutation(1000, 5)).toEqual(permutation(1000, 5));
  expect(permutation(1000, 5)).not.toEqual(permutation(1000, 6));
  expect([...permutation(0)]).toEqual([]);
});

test("the order for seed 0 is fixed for ever", () => {
  expect([...permutation(10, 0)]).toEqual([0, 2, 6, 3, 5, 7, 9, 4, 8, 1]);
});

test("every position gets every number equally often", () => {
  const counts = new Uint32Array(16);
  for (let seed = 0; seed < 8000; seed++) {
    for (const [at, value] of permutation(4, seed).entries()) counts[at * 4 + value]!++;
  }
  // 2,000 each, standard deviation 39.
  for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200);
});

describe("trainTestSplit", () => {
  test.each([
    [10, 0.2, 2],
    [2, 0.01, 1],
    [2, 0.99, 1],
    [1001, 0.25, 250],
  ])("%i rows at %f give %i test rows", (count, testFraction, expected) => {
    const { train, test } = trainTestSplit(count, { testFraction, seed: 3 });
    expect(test.length).toBe(expected);
    expect(sorted([...train, ...test])).toEqual(range(count));
  });

  test("stratified: each class in proportion, parts mixed, every row once", () => {
    const labels = range(1000).map((i) => (i < 700 ? 2 : i < 950 ? 0 : 1));
    const { train, test } = trainTestSplit(1000, { testFraction: 0.2, labels });
    expect(sorted([...train, ...test])).toEqual(range(1000));
    const count = (label: number) => [...test].filter((row) => labels[row] === label).length;
    expect([count(2), count(0), count(1)]).toEqual([140, 50, 10]);
    expect([...test].slice(0, 50).some((row) => labels[row] === 2)).toBe(true);
  });

  test("bad options are named", () => {
    for (const testFraction of [0, 1, -1, Number.NaN]) {
      expect(() => trainTestSplit(10, { testFraction })).toThrow(ConfigError);
    }
    expect(() => trainTestSplit(1)).toThrow(/at least 2 rows, got 1/);
    expect(() => trainTestSplit(10, { seed: -1 })).toThrow(/seed: expected a whole number/);
    expect(() => trainTestSplit(10, { labels: [1, 2] })).toThrow(ShapeError);
  });
});

test("takeRows copies rows in order and refuses rows that are not there", () => {
  expect([...takeRows(Uint8Array.of(1, 2, 3, 4, 5, 6), 2, [2, 0])]).toEqual([5, 6, 1, 2]);
  expect(takeRows(Float32Array.of(1, 2), 1, [1])).toEqual(Float32Array.of(2));
  expect(() => takeRows(Uint8Array.of(1, 2), 1, [2])).toThrow(/row 2 is past the end of 2 rows/);
});
