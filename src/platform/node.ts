// The entry `edgegrad` for Node, Deno and Bun: the core comes inside the JS.
//
// Place: the export condition `node`. Invariant: offers what default.ts does; it only opens the core faster.

import { rewriteByPack } from "../core/rewrite-by-pack.ts";
import { useRewrite } from "../core/rewritten-tape.ts";
import { useLayers } from "../layers/definition.ts";
import { allLayers } from "../layers/registry.ts";
import { Core, type CoreOptions } from "../session.ts";
import { loadModule } from "./load.ts";
import { loadOnNode } from "./node-core.ts";

export * from "../api.ts";

// Before any model is built: its layers name activations. package.json says that this file does so.
useLayers(allLayers);
useRewrite(rewriteByPack);

/**
 * Loads the WASM core.
 *
 * @throws CoreError if the runtime has no WebAssembly SIMD
 * @example
 * const core = await loadCore();
 */
export async function loadCore(options: CoreOptions = {}): Promise<Core> {
  return new Core(await loadModule(options, loadOnNode), options);
}
