// The derivative of a loss from its differences, to hold beside what the chain rule gives.
//
// Place: used by explain.ts on the core's f32 losses. Invariant: the step is chosen by the differences' own agreement,
// never by the gradient they are to check.

import type { Numeric } from "./explanation.ts";

const LARGEST_STEP = 0.125;
const STEPS = 12;
/** Rounding of f32, 2⁻²³. Written out: an expression would stay in every bundle. */
const EPSILON = 1.1920928955078125e-7;

/**
 * (8(L₁ − L₋₁) − (L₂ − L₋₂)) / 12h for h = ⅛, 1/16, …; of them the one with the smallest bound of its error: what the
 * next smaller step differs by (too large a step, a kink) plus the rounding of the losses (too small a step).
 */
export function differenceQuotient(lossAt: (shift: number) => number): { value: number; error: number } {
  let best = { value: Number.NaN, error: Infinity };
  let last: { value: number; rounding: number } | undefined;
  for (let i = 0, h = LARGEST_STEP; i < STEPS; i++, h /= 2) {
    const losses = [-2, -1, 1, 2].map((k) => lossAt(k * h));
    const [farBelow, below, above, farAbove] = losses as [number, number, number, number];
    const value = (8 * (above - below) - (farAbove - farBelow)) / (12 * h);
    const size = Math.max(...losses.map(Math.abs));
    // Every loss is off by a few units in its last place.
    const rounding = (4 * EPSILON * size) / h;
    if (last) {
      const error = 2 * Math.abs(value - last.value) + last.rounding;
      if (error < best.error) best = { value: last.value, error };
      // Smaller steps only add rounding.
      if (rounding > best.error) break;
    }
    last = { value, rounding };
  }
  return best;
}

export function compare(gradient: number, quotient: { value: number; error: number }): Numeric {
  const { value, error } = quotient;
  const agrees = Math.abs(gradient - value) <= error + 1e-5 * Math.abs(gradient) + 1e-9;
  return { value, error, agrees };
}
