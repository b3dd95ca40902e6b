// The entry `edgegrad/train` for Node, Deno and Bun.
//
// Place: the export condition `node`. Invariant: offers what train.ts does; it only opens the core faster.

import { type CoreOptions, TrainingCore } from "../session.ts";
import { loadModule } from "./load.ts";
import { loadOnNode } from "./node-core.ts";

export * from "../api.ts";
export type { TrainingCore };

/**
 * Loads the WASM core for training. To resume checkpoints and to predict from files, load `edgegrad`.
 *
 * @throws CoreError if the runtime has no WebAssembly SIMD
 */
export async function loadCore(options: CoreOptions = {}): Promise<TrainingCore> {
  return new TrainingCore(await loadModule(options, loadOnNode), options);
}
