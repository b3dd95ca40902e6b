// The entry `edgegrad` for Node, browsers, Deno and Bun: the core comes inside the JS.
//
// Place: the default export condition. Invariant: needs no file, no network and no permission.

import { rewriteByPack } from "../core/rewrite-by-pack.ts";
import { useRewrite } from "../core/rewritten-tape.ts";
import { useLayers } from "../layers/definition.ts";
import { allLayers } from "../layers/registry.ts";
import { Core, type CoreOptions } from "../session.ts";
import { loadEmbedded } from "./embedded-core.ts";
import { loadModule } from "./load.ts";

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
  return new Core(await loadModule(options, loadEmbedded), options);
}
