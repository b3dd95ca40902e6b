// How a program joins the records of small networks, if its entry brought a way.
//
// Place: between encoded tapes and their first run. Invariant: a joined tape gives the bits of the tape as it was, so a
// program without a way is slower and nothing else; `edgegrad/train` and `edgegrad/predict` are, to be small.

import type { Tape } from "../tape/encode.ts";
import type { CoreInstance } from "./instance.ts";

/** The tape by other records, and their kernels beside the core; nothing where that is of no use or cannot be. */
export type JoinRecords = (tape: Tape, core: CoreInstance) => Tape | undefined;

let known: JoinRecords | undefined;

/** Brings a way; the last one holds. */
export const useJoin = (join: JoinRecords): void => {
  known = join;
};

export const joinedTape = (tape: Tape, core: CoreInstance): Tape => known?.(tape, core) ?? tape;
