// Both variants of the core for Workers.
//
// Place: the entries for workerd. Invariant: what is served from objects and copies needs bits that are the same everywhere and
// does not come here: a Worker that asks for nothing else does not carry the relaxed core.

import type { Variant } from "./load.ts";
import { workerCore } from "./worker-core.ts";

export async function loadBundled(variant: Variant): Promise<WebAssembly.Module> {
  const core = workerCore();
  return variant === "simd" ? core : (await import("./core.relaxed.wasm")).default;
}
