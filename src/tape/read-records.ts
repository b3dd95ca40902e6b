// Records of a finished tape, and what is asked of them.
//
// Place: under what rewrites tapes: join-records.ts and core/skip-zeros.ts. Invariant: reads words only; a record is a view of the
// tape's words.

import { GemmField, Header, Op } from "../abi.ts";
import type { Tape } from "./encode.ts";

/** Words of a record; a field is an index. Behind the last record there is none. */
export type Words = Uint32Array | undefined;

export const recordsOf = ({ words, source }: Tape): Uint32Array[] =>
  source.map(({ offset }) => {
    const at = offset >> 2;
    return words.subarray(at, at + (words[at + Header.Bytes]! >> 2));
  });

export const isOp = (r: Words, op: Op): r is Uint32Array => r?.[Header.Op] === op;

export interface ProductSizes {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

export const sizesOf = (r: Uint32Array): ProductSizes => ({
  m: r[GemmField.M]!,
  n: r[GemmField.N]!,
  k: r[GemmField.K]!,
});

/** Whether a record is one product of matrices without gaps, in the given form, that overwrites. */
export function isProduct(r: Words, transA: 0 | 1, transB: 0 | 1): r is Uint32Array {
  if (!isOp(r, Op.Gemm) || r[GemmField.Batch] !== 1 || r[GemmField.Accumulate] !== 0) return false;
  const { m, n, k } = sizesOf(r);
  return (
    r[GemmField.TransA] === transA &&
    r[GemmField.TransB] === transB &&
    r[GemmField.Lda] === (transA ? m : k) &&
    r[GemmField.Ldb] === (transB ? k : n) &&
    r[GemmField.Ldc] === n
  );
}
