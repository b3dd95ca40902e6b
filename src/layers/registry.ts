// Every layer by the name that model files use.
//
// Place: the fixed table that loading looks names up in; a file can name nothing else.
// Invariant: a name, once released, stays.

import { FormatError } from "../errors.ts";
import { activationLayers } from "./activations.ts";
import { augmentLayers } from "./augment.ts";
import {
  addLayer,
  concatLayer,
  denseLayer,
  dropoutLayer,
  flattenLayer,
  multiplyLayer,
  rescaleLayer,
  reshapeLayer,
} from "./core-layers.ts";
import type { LayerDefinition } from "./definition.ts";
import { imageLayers, normLayers } from "./image.ts";
import { batchNormLayer } from "./normalization.ts";
import { preluLayer } from "./prelu.ts";
import { embeddingLayer, simpleRnnLayer } from "./sequence.ts";

const definitions = new Map<string, LayerDefinition>(
  [
    denseLayer,
    flattenLayer,
    reshapeLayer,
    rescaleLayer,
    dropoutLayer,
    addLayer,
    multiplyLayer,
    concatLayer,
    batchNormLayer,
    embeddingLayer,
    simpleRnnLayer,
    preluLayer,
    ...activationLayers,
    ...normLayers,
    ...imageLayers,
    ...augmentLayers,
  ].map((definition) => [definition.op, definition]),
);

/** @throws FormatError if this release has no such layer or a newer version of it is asked for */
export function layerDefinition(op: string, version: number, path: string): LayerDefinition {
  const definition = definitions.get(op);
  if (!definition)
    throw new FormatError("model/unknown-layer", `layer ${path}: this release has no layer "${op}"`, {
      layer: path,
    });
  if (version > definition.version)
    throw new FormatError(
      "model/newer-layer",
      `layer ${path}: "${op}" version ${version} is newer than this release's ${definition.version}: update edgegrad`,
      { layer: path },
    );
  return definition;
}
