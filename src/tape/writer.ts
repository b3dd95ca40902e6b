// Collects records as 32-bit words, with the node that each came from.
//
// Place: bottom of the tape stage. Invariant: a record's second word is its length in bytes.

import { Header } from "../abi.ts";

const bits = new DataView(new ArrayBuffer(8));

/** The bits of an f32 as a word. */
export function f32Bits(value: number): number {
  bits.setFloat32(0, value, true);
  return bits.getUint32(0, true);
}

/** The bits of an f64 as low and high word. */
export function f64Bits(value: number): [number, number] {
  bits.setFloat64(0, value, true);
  return [bits.getUint32(0, true), bits.getUint32(4, true)];
}

/** Where a record begins and which node it computes. */
export interface SourceEntry {
  readonly offset: number;
  readonly node: number;
}

export class TapeWriter {
  readonly words: number[] = [];
  readonly source: SourceEntry[] = [];
  node = -1;

  /** Appends a record; `fields` are its words from word 2 on. */
  record(op: number, fields: readonly number[]): void {
    this.source.push({ offset: this.words.length * 4, node: this.node });
    this.words.push(op, (fields.length + Header.Bytes + 1) * 4);
    for (const field of fields) this.words.push(field >>> 0);
  }
}
