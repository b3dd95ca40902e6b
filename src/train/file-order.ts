// The order of a tensor's elements in files, as places in the core's memory.
//
// Place: under state-stream.ts. Invariant: the runs together visit every element once.

import type { ModelTensor } from "../model.ts";

/** Where in memory the elements of a tensor are, in the order of files: in runs of elements `step` apart. */
export class FileOrder {
  readonly step: number;
  readonly #shape: readonly number[];
  readonly #strides: readonly number[];
  readonly #index: number[];
  #at = 0;

  constructor(tensor: ModelTensor) {
    const { shape, view = shape, fileAxes: axes = view.map((_, i) => i) } = tensor;
    const strides = view.map((_, i) => view.slice(i + 1).reduce((a, b) => a * b, 1));
    this.#shape = axes.map((a) => view[a]!);
    this.#strides = axes.map((a) => strides[a]!);
    this.#index = axes.map(() => 0);
    this.step = this.#strides.at(-1) ?? 1;
  }

  /** The next run, of `most` elements at most: the first one's place and their number. */
  take(most: number): { from: number; length: number } {
    const from = this.#at;
    const last = this.#shape.length - 1;
    if (last < 0) return { from, length: 1 };
    const length = Math.min(most, this.#shape[last]! - this.#index[last]!);
    this.#index[last]! += length;
    this.#at += length * this.step;
    for (let d = last; d >= 0 && this.#index[d] === this.#shape[d]; d--) {
      this.#at -= this.#strides[d]! * this.#shape[d]!;
      this.#index[d] = 0;
      if (d === 0) break;
      this.#index[d - 1]!++;
      this.#at += this.#strides[d - 1]!;
    }
    return { from, length };
  }
}
