// The comparison itself: what it lets through and what it must not.
//
// Place: beside agreement.ts, on which core agreement and the golden runner rest.

import { expect, test } from "vitest";
import { disagreement, errorScale, tolerance } from "./agreement.ts";

const want = [1, -2, 4];

test("allows 1e-7 and the tolerance of the largest value, no more", () => {
  expect(disagreement([1, -2, 4 + 8e-6], want, tolerance(0))).toBeUndefined();
  expect(disagreement([1, -2, 4 + 9e-6], want, tolerance(0))).toMatch(/off by 9\.\d*e-6|off by 0\.00000900/);
  expect(disagreement([0.9e-7], [0], tolerance(0))).toBeUndefined();
  expect(disagreement([1.1e-7], [0], tolerance(0))).toBeDefined();
});

test("a tolerance is eight times what a plain f32 run misses, at least 2e-6", () => {
  expect(errorScale([1, -2, 4.0004], want)).toBeCloseTo(1e-4, 12);
  expect(tolerance(1e-4)).toBeCloseTo(8e-4, 12);
  expect(tolerance(1e-8)).toBe(2e-6);
});

test("NaN and another length are never right", () => {
  expect(disagreement([1, Number.NaN, 4], want, 1)).toBeDefined();
  expect(disagreement([1, -2], want, 1)).toMatch(/expected 3 numbers, got 2/);
});
