// Writes tapes anew where the core has the kernels for it built in.
//
// Place: brought by platform/worker-core.ts, for hosts that may not compile WASM; carries no binary. Invariant: see
// rewritten-tape.ts; a core of the user's own choice may lack the kernels.

import { Op } from "../abi.ts";
import { joinRecords } from "../tape/join-records.ts";
import type { RewriteTape } from "./rewritten-tape.ts";
import { skipZeros } from "./skip-zeros.ts";

export const rewriteBuiltIn: RewriteTape = (tape, host) => {
  const joined = (host.core.has(Op.DenseForward) && joinRecords(tape)) || tape;
  return (host.core.has(Op.SparseRow) && skipZeros(joined, host)) || joined;
};
