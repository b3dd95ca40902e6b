// The entry `edgegrad` for Cloudflare Workers: the core is a module that the runtime compiled at upload.
//
// Place: the `workerd` export condition. Invariant: nothing is compiled at run time, which Workers forbid.

import { useLayers } from "../layers/definition.ts";
import { allLayers } from "../layers/registry.ts";
import { Core, type CoreOptions } from "../session.ts";
import { loadModule } from "./load.ts";
import { loadBundled } from "./worker-variants.ts";

export * from "../api.ts";

// Before any model is built: its layers name activations. package.json says that this file does so.
useLayers(allLayers);

/** Loads the WASM core. */
export async function loadCore(options: CoreOptions = {}): Promise<Core> {
  return new Core(await loadModule(options, loadBundled), options);
}
