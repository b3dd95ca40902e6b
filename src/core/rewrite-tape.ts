// Writes a tape anew: records of small networks joined, products of one row that skip zeros.
//
// Place: what the entries bring (rewritten-tape.ts), each with its way to the kernels. Invariant: where the kernels cannot be
// had, the tape stays as it was.

import { Op } from "../abi.ts";
import { joinRecords } from "../tape/join-records.ts";
import type { CoreInstance } from "./instance.ts";
import type { RewriteTape } from "./rewritten-tape.ts";
import { skipZeros } from "./skip-zeros.ts";

/** @param provides whether the core has the kernel of an op, or is given it now */
export const rewriteTape =
  (provides: (core: CoreInstance, op: Op.DenseForward | Op.SparseRow) => boolean): RewriteTape =>
  (plain, host) => {
    const joined = joinRecords(plain);
    const tape = joined && provides(host.core, Op.DenseForward) ? joined : plain;
    const skipping = skipZeros(tape, host);
    return skipping && provides(host.core, Op.SparseRow) ? skipping : tape;
  };
