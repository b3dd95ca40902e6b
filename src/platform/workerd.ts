// The entry `edgegrad` for Cloudflare Workers: the core is a module that the runtime compiled at upload.
//
// Place: the `workerd` export condition. Invariant: nothing is compiled at run time, which Workers forbid.

import { Core, type CoreOptions } from "../session.ts";
import { loadModule } from "./load.ts";
import { loadBundled } from "./worker-core.ts";

export * from "../api.ts";

/** Loads the WASM core. */
export async function loadCore(options: CoreOptions = {}): Promise<Core> {
  return new Core(await loadModule(options, loadBundled), options);
}
