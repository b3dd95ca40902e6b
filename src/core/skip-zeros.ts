// Lets the products of one row skip the zeros in it: pixels of a background, words that a text does not have.
//
// Place: between a predictor's tapes and their first run. Reading the weights is what a prediction of one row takes its time
// for, and most of them from a far cache. Invariant: only by weights that are finite and stay as they are, for 0·∞ is not 0.

import { GemmField, Op } from "../abi.ts";
import { GEMM_SCRATCH_BYTES } from "../abi-gemm.ts";
import { CoreError } from "../errors.ts";
import type { Tape } from "../tape/encode.ts";
import { isProduct, recordsOf, sizesOf } from "../tape/read-records.ts";
import { TapeWriter } from "../tape/writer.ts";
import type { TapeHost } from "./rewritten-tape.ts";

/** Weights from which the skipped ones outweigh looking for zeros. */
const LEAST_WEIGHTS = 4096;
/** Of a number in the kernel's list. */
const LISTED_BYTES = 8;

/** The tape with `SparseRow` in place of such products; nothing if it has none. */
export function skipZeros(tape: Tape, host: TapeHost): Tape | undefined {
  const { graphs, plan } = host.program;
  // The weights of a trainer change.
  if (graphs.train !== undefined) return undefined;
  const { address, bytes } = plan.layout.weights;
  const products = recordsOf(tape).filter((r) => {
    if (!isProduct(r, 0, 0)) return false;
    const { m, n, k } = sizesOf(r);
    const b = r[GemmField.B]!;
    const fits = m === 1 && n >= 4 && n * k >= LEAST_WEIGHTS && k * LISTED_BYTES <= GEMM_SCRATCH_BYTES;
    return fits && b >= address && b < address + bytes;
  });
  if (products.length === 0 || !areFinite(products, host)) return undefined;
  const words = tape.words.slice();
  for (const { byteOffset } of products) words[(byteOffset - tape.words.byteOffset) >> 2] = Op.SparseRow;
  return { words, source: tape.source };
}

/** Asks the core's guard: it reads the weights faster than code that runs once. */
function areFinite(products: readonly Uint32Array[], host: TapeHost): boolean {
  const writer = new TapeWriter();
  // A matrix that several products share is looked at once.
  const sizes = new Map(products.map((r) => [r[GemmField.B]!, r[GemmField.N]! * r[GemmField.K]!]));
  for (const [at, size] of sizes) writer.record(Op.Guard, [1, at, size]);
  try {
    host.runOnce(writer);
    return true;
  } catch (error) {
    if (error instanceof CoreError && error.code === "core/status") return false;
    throw error;
  }
}
