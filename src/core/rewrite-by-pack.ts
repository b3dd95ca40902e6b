// Tapes written anew by packs, each of which is put beside the core for the first tape that has a use for it.
//
// Place: brought by the entries `edgegrad` of hosts that may compile WASM. Invariant: no op needs these packs, so a host that
// forbids to compile them loses speed alone.

import { Op } from "../abi.ts";
import { smallKernels } from "../packs/small.ts";
import { sparseKernels } from "../packs/sparse.ts";
import { rewriteTape } from "./rewrite-tape.ts";

export const rewriteByPack = /* @__PURE__ */ rewriteTape((core, op) => {
  try {
    core.add(op === Op.SparseRow ? sparseKernels : smallKernels);
    return true;
  } catch {
    return false;
  }
});
