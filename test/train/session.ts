// Small trainers for the tests of this folder, on the core as built.

import { Core, type CoreOptions } from "../../src/session.ts";
import { coreModule } from "../run-graph.ts";

export const testCore = (options: CoreOptions = {}): Core => new Core(coreModule("simd"), options);

/** Deterministic numbers in [−1, 1). */
export function numbers(count: number, seed = 1): Float32Array {
  let state = seed >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

export const xor = {
  x: Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1),
  y: Float32Array.of(0, 1, 1, 0),
};
