// Collects records as 32-bit words, with the node that each came from.
//
// Place: bottom of the tape stage. Invariant: a record's second word is its length in bytes.

import { Header } from "../abi.ts";

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
