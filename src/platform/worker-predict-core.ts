// The forward-only core as Workers get it: a `.wasm` file imported as a compiled module.
//
// Place: used by the entry `edgegrad/predict` for workerd. Invariant: the relaxed core (a full one) is imported only
// when asked for.

import predict from "./core.predict.wasm";

export const loadBundled = async (variant: "simd" | "relaxed"): Promise<WebAssembly.Module> =>
  variant === "simd" ? predict : (await import("./core.relaxed.wasm")).default;
