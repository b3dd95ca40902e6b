// The core as Workers get it: `.wasm` files imported as compiled modules.
//
// Place: used by the entries for workerd. Invariant: one module holds all kernels, since none can be compiled later;
// the relaxed core is imported only when asked for.

import full from "./core.full.wasm";

export const loadBundled = async (variant: "simd" | "relaxed"): Promise<WebAssembly.Module> =>
  variant === "simd" ? full : (await import("./core.relaxed.wasm")).default;
