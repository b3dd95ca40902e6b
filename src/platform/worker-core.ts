// The core as Workers get it: a `.wasm` file imported as a compiled module.
//
// Place: used by the Worker's objects and copies, and by the entries for workerd. Invariant: one module holds all kernels, since
// none can be compiled later, those of small networks among them.

import { rewriteBuiltIn } from "../core/rewrite-built-in.ts";
import { useRewrite } from "../core/rewritten-tape.ts";
import full from "./core.full.wasm";

export function workerCore(): WebAssembly.Module {
  // Here, not when the module is loaded: bundlers may leave out what package.json does not name under "sideEffects".
  useRewrite(rewriteBuiltIn);
  return full;
}
