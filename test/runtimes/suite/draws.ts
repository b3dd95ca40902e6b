// What the models of the suite are made of: their form, and data drawn from integer arithmetic.
//
// Place: the shared suite. Invariant: every host draws the same bits.

import type { DataSet, Model, TrainerOptions } from "edgegrad";

export interface SmallModel {
  readonly name: string;
  readonly model: Model;
  readonly options: Omit<TrainerOptions, "model">;
  readonly data: DataSet;
}

export const rows = 96;

/** Whole numbers below `limit` from a 32-bit linear congruential generator (Numerical Recipes). */
export function integers(count: number, limit: number, seed: number): Int32Array {
  let state = seed >>> 0;
  return Int32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  });
}

/** Values in [−1, 1) with 16 bits. */
export function values(count: number, seed: number): Float32Array {
  return Float32Array.from(integers(count, 65536, seed), (n) => n / 32768 - 1);
}

export const common = { batchSize: 16, seed: 7 };
