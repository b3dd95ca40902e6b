// The core as Workers get it: `.wasm` files imported as compiled modules.
//
// Place: used by the entries for workerd. Invariant: the relaxed core is imported only when asked for.

import simd from "./core.simd.wasm";

export const loadBundled = async (variant: "simd" | "relaxed"): Promise<WebAssembly.Module> =>
  variant === "simd" ? simd : (await import("./core.relaxed.wasm")).default;
