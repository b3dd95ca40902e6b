// Writes tapes anew by packs, each of which is put beside the core for the first tape that has a use for it.
//
// Place: brought by the entries `edgegrad` of hosts that may compile WASM. Invariant: see rewritten-tape.ts.

import { smallKernels } from "../packs/small.ts";
import { sparseKernels } from "../packs/sparse.ts";
import { joinRecords } from "../tape/join-records.ts";
import type { RewriteTape } from "./rewritten-tape.ts";
import { skipZeros } from "./skip-zeros.ts";

export const rewriteByPack: RewriteTape = (tape, host) => {
  const joined = joinRecords(tape);
  if (joined) host.core.add(smallKernels);
  const skipping = skipZeros(joined ?? tape, host);
  if (skipping) host.core.add(sparseKernels);
  return skipping ?? joined ?? tape;
};
