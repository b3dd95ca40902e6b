// Splits by class: exact numbers of every class, no row twice, equal for equal seeds.
import { describe, expect, test } from "vitest";
import { classSplit } from "../../src/data/class-split.ts";
import { ConfigError, ShapeError } from "../../src/errors.ts";

/** 7 rows of class 0, 5 of class 1, 12 of class 9, mixed. */
const labels = Array.from({ length: 24 }, (_, i) => (i % 2 === 0 ? 9 : i % 4 === 1 && i < 21 ? 1 : 0));
const count = (rows: Uint32Array, label: number) => [...rows].filter((row) => labels[row] === label).length;

describe("classSplit", () => {
  test("takes as many of each class as asked, and no row twice", () => {
    const { train, test: tested } = classSplit(labels, { train: 3, test: 2, seed: 4 });
    for (const label of [0, 1, 9]) expect([count(train, label), count(tested, label)]).toEqual([3, 2]);
    expect(new Set([...train, ...tested]).size).toBe(15);
  });

  test("leaves the rest to test, where that is not said", () => {
    const { train, test: tested } = classSplit(labels, { train: 4 });
    expect(train.length + tested.length).toBe(24);
    expect(count(tested, 9)).toBe(8);
  });

  test("in order: the first of each class train, those behind them test", () => {
    const { train, test: tested } = classSplit([1, 0, 1, 0, 1, 0, 1, 0], {
      train: 2,
      test: 1,
      random: false,
    });
    expect([...train, ...tested]).toEqual([1, 3, 0, 2, 5, 4]);
  });

  test("depends on the seed alone", () => {
    const rows = (seed: number) => [...classSplit(labels, { train: 3, seed }).train];
    expect(rows(1)).toEqual(rows(1));
    expect(rows(1)).not.toEqual(rows(2));
  });

  test("refuses a class with too few rows, by its number", () => {
    expect(() => classSplit(labels, { train: 5, test: 1 })).toThrow(ShapeError);
    expect(() => classSplit(labels, { train: 5, test: 1 })).toThrow(/class 1 has 5 rows, 6 are asked for/);
    expect(() => classSplit(labels, { train: 0 })).toThrow(ConfigError);
    expect(() => classSplit(labels, { train: 1.5 })).toThrow(ConfigError);
  });
});
