// The lists of layers that files may need beyond plain dense networks, with the records of their ops.
//
// Place: exported by the entries `edgegrad/predict`. Invariant: a list that an app does not name costs it nothing.

import type { LayerDefinition } from "../layers/definition.ts";
import * as registry from "../layers/registry.ts";
import { generalKernels } from "../packs/general.ts";
import { useKernels } from "../packs/known-packs.ts";
import { useEncoders } from "../tape/dense-encoders.ts";
import { FORWARD_ENCODERS } from "../tape/forward-encoders.ts";
import { explainIndices } from "../train/index-faults.ts";

function withForwardOps(layers: readonly LayerDefinition[]): readonly LayerDefinition[] {
  useEncoders(FORWARD_ENCODERS);
  return layers;
}

/** Every activation, for the `activation` option and as layers. */
export const activationLayers = /* @__PURE__ */ (() => withForwardOps(registry.activationLayers))();
/** The kernels of rarer functions, reductions, copies and gathered rows. */
function withGeneralKernels(layers: readonly LayerDefinition[]): readonly LayerDefinition[] {
  useKernels(generalKernels);
  explainIndices();
  return withForwardOps(layers);
}

/** Those of networks over vectors: all activations, other shapes, batch normalization, merging of branches, embeddings; with their kernels. */
export const vectorLayers = /* @__PURE__ */ (() => withGeneralKernels(registry.vectorLayers))();
/** Those of sequences, with their kernels. */
export const sequenceLayers = /* @__PURE__ */ (() => withGeneralKernels(registry.sequenceLayers))();
/** All of this release, with their kernels. */
export const allLayers = /* @__PURE__ */ (() => withGeneralKernels(registry.allLayers))();
