// Joins records by the pack of small networks, which is put beside the core for the first tape that has a use for it.
//
// Place: brought by the entries `edgegrad` of hosts that may compile WASM. Invariant: see joined-tape.ts.

import { smallKernels } from "../packs/small.ts";
import { joinRecords } from "../tape/join-records.ts";
import type { JoinRecords } from "./joined-tape.ts";

export const joinByPack: JoinRecords = (tape, core) => {
  const joined = joinRecords(tape);
  if (joined) core.add(smallKernels);
  return joined;
};
