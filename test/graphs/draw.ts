// Seeded draws for random graphs: whole numbers, choices, near-normal numbers.
//
// Place: test/graphs and the sweeps of other tests. Invariant: the same seed gives the same draws in every engine.

import { PhiloxStream } from "../../src/data/philox.ts";

export class Draw {
  readonly #stream: PhiloxStream;

  constructor(readonly seed: number) {
    this.#stream = new PhiloxStream(seed, 0x9a4f);
  }

  /** A whole number from low to high, both included. */
  int(low: number, high: number): number {
    return low + this.#stream.below(high - low + 1);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.int(0, items.length - 1)]!;
  }

  flag(probability = 0.5): boolean {
    return this.#stream.uniform() < probability;
  }

  uniform(low: number, high: number): number {
    return low + (high - low) * this.#stream.uniform();
  }

  /** An f32 number of about normal distribution, so that core and oracle start from the same value. */
  normal(scale = 1): number {
    return Math.fround(this.#stream.bell() * scale);
  }
}
