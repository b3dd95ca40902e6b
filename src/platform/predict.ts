// The entry `edgegrad/predict` for Node, browsers, Deno and Bun.
//
// Place: the default export condition. Invariant: offers prediction only, at less than half the download.

import { loadEmbedded } from "./embedded-predict.ts";
import { loadModule } from "./load.ts";
import { PredictCore, type PredictCoreOptions } from "./predict-core.ts";

export * from "./predict-core.ts";

/** Loads the WASM core for prediction. */
export async function loadCore(options: PredictCoreOptions = {}): Promise<PredictCore> {
  const { layers: _, ...rest } = options;
  return new PredictCore(await loadModule(rest, loadEmbedded), options);
}
