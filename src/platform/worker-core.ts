// The core as Workers get it: `.wasm` files imported as compiled modules.
//
// Place: used by the entries for workerd and by the Worker's objects. Invariant: one module holds all kernels, since none can
// be compiled later, those of small networks among them; the relaxed core is imported only when asked for.

import { rewriteBuiltIn } from "../core/rewrite-built-in.ts";
import { useRewrite } from "../core/rewritten-tape.ts";
import full from "./core.full.wasm";

export async function loadBundled(variant: "simd" | "relaxed"): Promise<WebAssembly.Module> {
  // Here, not when the module is loaded: bundlers may leave out what package.json does not name under "sideEffects".
  useRewrite(rewriteBuiltIn);
  return variant === "simd" ? full : (await import("./core.relaxed.wasm")).default;
}
