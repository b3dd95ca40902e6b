// The host's own functions are as exact as the engine's, and formulas mean what they say.
//
// Place: under every schedule. Invariant: errors of a few units in the last place of f64.

import { describe, expect, test } from "vitest";

import { cosPi, exponential, formulaOf, ln, power } from "../../src/schedules/evaluate.ts";

const relative = (got: number, want: number) => Math.abs(got - want) / Math.max(Math.abs(want), 1e-300);

describe("functions", () => {
  test("cosPi agrees with cos(πx), and is exact at the quarters", () => {
    for (let i = -4000; i <= 4000; i++) {
      const x = i / 777;
      expect(Math.abs(cosPi(x) - Math.cos(Math.PI * x))).toBeLessThan(3e-15);
    }
    expect([0, 0.5, 1, 1.5, 2, 1e6].map(cosPi)).toEqual(
      [1, 0, -1, 0, 1, 1].map((v) => expect.closeTo(v, 15)),
    );
  });

  test("exponential and ln", () => {
    for (let x = -700; x < 700; x += 1.37) {
      expect(relative(exponential(x), Math.exp(x))).toBeLessThan(1e-15 * Math.max(1, Math.abs(x) / 50));
      expect(Math.abs(ln(Math.exp(x)) - Math.log(Math.exp(x)))).toBeLessThan(2e-13);
    }
    expect(ln(1)).toBe(0);
    expect(exponential(0)).toBe(1);
    expect(ln(0)).toBe(-Infinity);
    expect(exponential(-1000)).toBe(0);
  });

  test("power, whole and fractional", () => {
    for (const x of [0.9, 0.999, 2, 10, 0.1])
      for (const y of [0, 1, 7, 100, -3, 0.5, 2.5, -0.3])
        expect(relative(power(x, y), x ** y)).toBeLessThan(1e-13);
    expect(power(0, 2.5)).toBe(0);
    expect(power(0.5, 10)).toBe(1 / 1024);
  });
});

describe("formulas", () => {
  test("a product goes on, and begins again when asked for an earlier step", () => {
    const factorial = formulaOf(["product", ["+", "step", 1]]);
    expect([0, 1, 2, 4].map((s) => factorial(s, 0))).toEqual([1, 2, 6, 120]);
    expect([1, 4, 4, 0].map((s) => factorial(s, 0))).toEqual([2, 120, 120, 1]);
  });

  test("cycles of growing length", () => {
    const part = formulaOf(["cycle", 2, 3]);
    expect([0, 1, 2, 5, 7, 8, 17].map((s) => part(s, 0))).toEqual([0, 0.5, 0, 0.5, 5 / 6, 0, 0.5]);
  });
});
