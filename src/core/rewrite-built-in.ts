// Tapes written anew where the core has the kernels for it built in.
//
// Place: brought by platform/worker-core.ts, for hosts that may not compile WASM. Invariant: carries no binary; a core of the
// user's own choice may lack the kernels.

import { rewriteTape } from "./rewrite-tape.ts";

export const rewriteBuiltIn = /* @__PURE__ */ rewriteTape((core, op) => core.has(op));
