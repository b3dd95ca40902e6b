// How a program writes a tape anew before it is run, if its entry brought a way.
//
// Place: between encoded tapes and their first run. Invariant: a tape written anew gives the bits of the tape as it was, so a
// program without a way is slower and nothing else. `edgegrad` brings one; `edgegrad/train` and `edgegrad/predict` do not, to be
// small, but in Workers, whose one core has the kernels.

import type { Program } from "../compile.ts";
import type { Tape } from "../tape/encode.ts";
import type { TapeWriter } from "../tape/writer.ts";
import type { CoreInstance } from "./instance.ts";

/** What a tape is run by, as far as a way may look. */
export interface TapeHost {
  readonly core: CoreInstance;
  readonly program: Program;
  /** Runs a few records that belong to no graph. @throws CoreError if one fails */
  runOnce(writer: TapeWriter): void;
}

/** The tape by other records, whose kernels the core has; the same tape where that is of no use or cannot be. */
export type RewriteTape = (tape: Tape, host: TapeHost) => Tape;

let known: RewriteTape | undefined;

/** Brings a way; the last one holds. */
export const useRewrite = (rewrite: RewriteTape): void => {
  known = rewrite;
};

export const rewrittenTape = (tape: Tape, host: TapeHost): Tape => known?.(tape, host) ?? tape;
