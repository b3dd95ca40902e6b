// Reads a model file into a model and its weights.
//
// Place: public, for transfer learning; trainers and predictors read files through their own classes. Invariant: knows
// every layer of the release.

import { useLayers } from "../layers/definition.ts";
import { allLayers } from "../layers/registry.ts";
import { type LoadedModel, modelIn } from "./model-file.ts";
import { readSafetensors } from "./safetensors.ts";

/**
 * Reads a model file (or a checkpoint, whose model it then gives).
 *
 * @throws FormatError for a file that is damaged, hostile, or no model of edgegrad
 */
export function loadModel(bytes: Uint8Array): LoadedModel {
  useLayers(allLayers);
  return modelIn(readSafetensors(bytes));
}
