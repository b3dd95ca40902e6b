// The entry `edgegrad/predict` for Cloudflare Workers.
//
// Place: the `workerd` export condition. Invariant: nothing is compiled at run time.

import { loadModule } from "./load.ts";
import { PredictCore, type PredictCoreOptions } from "./predict-core.ts";
import { loadBundled } from "./worker-variants.ts";

export * from "./predict-core.ts";

/** Loads the WASM core for prediction. */
export async function loadCore(options: PredictCoreOptions = {}): Promise<PredictCore> {
  const { layers: _, ...rest } = options;
  return new PredictCore(await loadModule(rest, loadBundled), options);
}
