// The entry `edgegrad/train` for Cloudflare Workers.
//
// Place: the `workerd` export condition. Invariant: nothing is compiled at run time.

import { type CoreOptions, TrainingCore } from "../session.ts";
import { loadModule } from "./load.ts";
import { loadBundled } from "./worker-variants.ts";

export * from "../api.ts";
export type { TrainingCore };

/** Loads the WASM core for training. */
export async function loadCore(options: CoreOptions = {}): Promise<TrainingCore> {
  return new TrainingCore(await loadModule(options, loadBundled), options);
}
