// The entry `edgegrad/train` for Node, browsers, Deno and Bun: the smallest download that trains.
//
// Place: beside `edgegrad`, whose names it offers but for what reads files; a bundle carries the layers that it names.
// Invariant: a model and its options give the bits that they give with `edgegrad`.

import { type CoreOptions, TrainingCore } from "../session.ts";
import { loadEmbedded } from "./embedded-core.ts";
import { loadModule } from "./load.ts";

export * from "../api.ts";
export type { TrainingCore };

/**
 * Loads the WASM core for training. To resume checkpoints and to predict from files, load `edgegrad`.
 *
 * @throws CoreError if the runtime has no WebAssembly SIMD
 */
export async function loadCore(options: CoreOptions = {}): Promise<TrainingCore> {
  return new TrainingCore(await loadModule(options, loadEmbedded), options);
}
