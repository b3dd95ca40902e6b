// Joins records where the core has the kernels of small networks built in.
//
// Place: brought by platform/worker-core.ts, for hosts that may not compile WASM; carries no binary. Invariant: see
// joined-tape.ts; a core of the user's own choice may lack the kernels.

import { Op } from "../abi.ts";
import { joinRecords } from "../tape/join-records.ts";
import type { JoinRecords } from "./joined-tape.ts";

export const joinIfBuiltIn: JoinRecords = (tape, core) =>
  core.has(Op.DenseForward) ? joinRecords(tape) : undefined;
