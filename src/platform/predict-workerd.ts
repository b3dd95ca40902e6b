// The entry `edgegrad/predict` for Cloudflare Workers.
//
// Place: the `workerd` export condition. Invariant: nothing is compiled at run time.

import type { CoreOptions } from "../session.ts";
import { loadModule } from "./load.ts";
import { PredictCore } from "./predict-core.ts";
import { loadBundled } from "./worker-core.ts";

export * from "./predict-core.ts";

/** Loads the WASM core for prediction. */
export async function loadCore(options: CoreOptions = {}): Promise<PredictCore> {
  return new PredictCore(await loadModule(options, loadBundled), options);
}
