// The entry `edgegrad/predict` for Node, browsers, Deno and Bun.
//
// Place: the default export condition. Invariant: offers prediction only, at less than half the download.

import type { CoreOptions } from "../session.ts";
import { loadEmbedded } from "./embedded-predict.ts";
import { loadModule } from "./load.ts";
import { PredictCore } from "./predict-core.ts";

export * from "./predict-core.ts";

/** Loads the WASM core for prediction. */
export async function loadCore(options: CoreOptions = {}): Promise<PredictCore> {
  return new PredictCore(await loadModule(options, loadEmbedded), options);
}
