// The order of an epoch without a table: a keyed permutation of 0 … n − 1 that is asked row by row.
//
// Place: used by training runs. A slice begins in the middle of an epoch and must not build the order of a million rows
// first. Invariant: a bijection for every key, and integer arithmetic only, so that every host gets the same order.
//
// A Feistel network on 2h bits, walked along its cycle until it falls below n (Black & Rogaway 2002, "Ciphers with
// arbitrary finite domains"): at most four times as many values as rows, so about four rounds of work per row at worst.

import { philox4x32 } from "../data/philox.ts";

const ROUNDS = 6;

export class EpochOrder {
  readonly rows: number;
  readonly #half: number;
  readonly #keys = new Uint32Array(8);

  constructor(rows: number, seed: number, epoch: number) {
    this.rows = rows;
    let half = 1;
    while (2 ** (2 * half) < rows) half++;
    this.#half = half;
    const [low, high] = [seed >>> 0, Math.floor(seed / 2 ** 32)];
    philox4x32(this.#keys.subarray(0, 4), epoch, 0, 0x6f726465, 0, low, high);
    philox4x32(this.#keys.subarray(4), epoch, 1, 0x6f726465, 0, low, high);
  }

  /** The row at a position of the epoch. */
  rowAt(position: number): number {
    let value = position;
    do value = this.#encrypt(value);
    while (value >= this.rows);
    return value;
  }

  #encrypt(value: number): number {
    const half = this.#half;
    const mask = 2 ** half - 1;
    let left = value >>> half;
    let right = value & mask;
    for (let round = 0; round < ROUNDS; round++) {
      let mixed = Math.imul(right ^ this.#keys[round]!, 0x9e3779b1);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b);
      mixed ^= mixed >>> 13;
      [left, right] = [right, left ^ (mixed & mask)];
    }
    return left * 2 ** half + right;
  }
}
