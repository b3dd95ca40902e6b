// Every layer of this release: what a model file may name.
//
// Place: handed to useLayers() by what reads files (session.ts, platform/predict-core.ts); a program that only trains carries the layers that it imports.
// Invariant: a name, once released, stays.

import { basicActivations } from "./activations.ts";
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
import { rarerActivations } from "./rarer-activations.ts";
import { embeddingLayer, simpleRnnLayer } from "./sequence.ts";

// Each list is a call marked pure, so that a bundler may leave out the lists that an entry does not name.

/** Those of plain dense networks: what `edgegrad/predict` knows without being told. */
export const denseLayers: readonly LayerDefinition[] = /* @__PURE__ */ (() => [
  denseLayer,
  flattenLayer,
  rescaleLayer,
  dropoutLayer,
  ...basicActivations,
])();

/** Every activation, for the `activation` option and as layers. */
export const activationLayers: readonly LayerDefinition[] = /* @__PURE__ */ (() => [
  ...basicActivations,
  ...rarerActivations,
])();

/** Those of networks over vectors: all activations, other shapes, batch normalization, merging of branches, embeddings. */
export const vectorLayers: readonly LayerDefinition[] = /* @__PURE__ */ (() => [
  ...denseLayers,
  ...activationLayers,
  reshapeLayer,
  addLayer,
  multiplyLayer,
  concatLayer,
  batchNormLayer,
  embeddingLayer,
  preluLayer,
])();

/** Those of sequences, with their kernels. */
export const sequenceLayers: readonly LayerDefinition[] = /* @__PURE__ */ (() => [
  embeddingLayer,
  simpleRnnLayer,
])();

/** All of this release, with their kernels. */
export const allLayers: readonly LayerDefinition[] = /* @__PURE__ */ (() => [
  ...vectorLayers,
  ...sequenceLayers,
  ...normLayers,
  ...imageLayers,
  ...augmentLayers,
])();
