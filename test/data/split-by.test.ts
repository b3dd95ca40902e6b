// Splits by time and group, folds, and cross-validation over them.
import { describe, expect, test } from "vitest";
import { crossValidate } from "../../src/data/cross-validation.ts";
import type { Split } from "../../src/data/split.ts";
import { groupSplit, kFold, timeSplit } from "../../src/data/split-by.ts";

const all = ({ train, test: held }: Split) => [...train, ...held].sort((a, b) => a - b);
const range = (count: number) => Array.from({ length: count }, (_, i) => i);

describe("by time", () => {
  test("the latest rows are the test, in order", () => {
    const { train, test: held } = timeSplit([5, 1, 4, 2, 3], { testFraction: 0.4 });
    expect([[...train], [...held]]).toEqual([
      [1, 3, 4],
      [2, 0],
    ]);
  });

  test("rows of one time stay together", () => {
    const times = [1, 1, 2, 2, 2, 2, 3];
    const { train, test: held } = timeSplit(times, { testFraction: 0.4 });
    expect([[...train], [...held]]).toEqual([
      [0, 1],
      [2, 3, 4, 5, 6],
    ]);
    expect(() => timeSplit([1, 1, 1])).toThrow(/at least two different times/);
    expect(() => timeSplit([1, Number.NaN])).toThrow(/row 2 has no time/);
  });
});

test("by group: whole groups, every row once, about the share asked for", () => {
  const groups = Array.from({ length: 1000 }, (_, i) => `customer ${i % 97}`);
  const split = groupSplit(groups, { testFraction: 0.3, seed: 4 });
  expect(all(split)).toEqual(range(1000));
  const inTest = new Set([...split.test].map((row) => groups[row]));
  expect([...split.train].some((row) => inTest.has(groups[row]))).toBe(false);
  expect(Math.abs(split.test.length - 300)).toBeLessThan(12);
  expect(groupSplit(["a", "b"], { testFraction: 0.01 }).test).toHaveLength(1);
  expect(() => groupSplit(["a", "a"])).toThrow(/two different groups/);
});

describe("k folds", () => {
  const tested = (splits: Split[]) => splits.flatMap(({ test: held }) => [...held]).sort((a, b) => a - b);

  test("every row is tested once and never trained on then", () => {
    const splits = kFold(103, { folds: 4, seed: 2 });
    expect(tested(splits)).toEqual(range(103));
    for (const split of splits) expect(all(split)).toEqual(range(103));
    expect(splits.map(({ test: held }) => held.length)).toEqual([26, 26, 26, 25]);
    expect(kFold(103, { folds: 4, seed: 2 })).toEqual(splits);
    expect(kFold(103, { folds: 4, seed: 3 })).not.toEqual(splits);
  });

  test("stratified: each fold has its share of each class", () => {
    const labels = range(100).map((i) => Number(i % 10 === 0));
    for (const { test: held } of kFold(100, { labels })) {
      expect(held).toHaveLength(20);
      expect([...held].filter((row) => labels[row] === 1)).toHaveLength(2);
    }
  });

  test("groups stay together", () => {
    const groups = range(60).map((i) => Math.floor(i / 7));
    const splits = kFold(60, { folds: 3, groups });
    expect(tested(splits)).toEqual(range(60));
    for (const { train, test: held } of splits) {
      const own = new Set([...held].map((row) => groups[row]));
      expect([...train].some((row) => own.has(groups[row]!))).toBe(false);
    }
  });

  test("times: only later rows are tested", () => {
    const times = range(60).map((i) => (i * 7) % 60);
    const splits = kFold(60, { folds: 5, times });
    expect(splits.map(({ train }) => train.length)).toEqual([10, 20, 30, 40, 50]);
    for (const { train, test: held } of splits) {
      const latest = Math.max(...[...train].map((row) => times[row]!));
      expect(Math.min(...[...held].map((row) => times[row]!))).toBeGreaterThan(latest);
    }
  });

  test.each<[string, () => unknown, RegExp]>([
    ["one fold", () => kFold(10, { folds: 1 }), /folds: expected a whole number from 2 up/],
    ["more folds than rows", () => kFold(3, { folds: 5 }), /at most 3/],
    [
      "a class that is too rare",
      () => kFold(10, { labels: [0, 0, 0, 0, 0, 0, 0, 0, 0, 1] }),
      /at most 1, the rows of class 1/,
    ],
    [
      "fewer groups than folds",
      () => kFold(10, { groups: new Array(10).fill("a") }),
      /at most 1, the number of groups/,
    ],
    [
      "two ways at once",
      () => kFold(4, { folds: 2, labels: [0, 0, 1, 1], groups: [0, 1, 0, 1] }),
      /one of labels, groups, times, got labels and groups/,
    ],
    [
      "labels of another length",
      () => kFold(10, { labels: [0, 1] }),
      /expected 10 labels, one per row, got 2/,
    ],
  ])("%s is refused", (_, run, message) => expect(run).toThrow(message));
});

test("cross-validation: the figures of the folds, their mean and deviation", async () => {
  const splits = kFold(10, { folds: 5 });
  const result = await crossValidate(splits, ({ train }, fold) => ({ rows: train.length, fold }));
  expect(result.folds).toHaveLength(5);
  expect(result.mean).toEqual({ rows: 8, fold: 2 });
  expect(result.deviation).toEqual({ rows: 0, fold: Math.sqrt(2) });
  await expect(crossValidate(splits, (_, fold) => (fold === 3 ? { b: 1 } : { a: 1 }))).rejects.toThrow(
    /fold 4 and fold 1 differ in "a"/,
  );
});
