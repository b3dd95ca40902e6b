// The layers for images and sequences of fixed length, and the normalizations that go with them, as one list.
//
// Place: between their definitions and the registry, which looks names of model files up in it.
// Invariant: a layer that is not in a list of the registry cannot be loaded.

import { conv1dLayer, conv2dLayer, depthwiseConv2dLayer, separableConv2dLayer } from "./convolution.ts";
import type { LayerDefinition } from "./definition.ts";
import {
  groupNormLayer,
  instanceNormLayer,
  layerNormLayer,
  rmsNormLayer,
  unitNormLayer,
} from "./feature-norms.ts";
import {
  adaptiveAvgPool2dLayer,
  adaptiveMaxPool2dLayer,
  avgPool1dLayer,
  avgPool2dLayer,
  globalAvgPool2dLayer,
  globalMaxPool2dLayer,
  maxPool1dLayer,
  maxPool2dLayer,
} from "./pooling.ts";
import { resizingLayer, spatialDropout2dLayer, upsampling2dLayer, zeroPadding2dLayer } from "./resampling.ts";
import { conv1dTransposeLayer, conv2dTransposeLayer } from "./transposed-convolution.ts";

export const normLayers: readonly LayerDefinition[] = [
  layerNormLayer,
  groupNormLayer,
  instanceNormLayer,
  rmsNormLayer,
  unitNormLayer,
];

export const imageLayers: readonly LayerDefinition[] = [
  conv2dLayer,
  conv1dLayer,
  depthwiseConv2dLayer,
  separableConv2dLayer,
  conv2dTransposeLayer,
  conv1dTransposeLayer,
  maxPool2dLayer,
  avgPool2dLayer,
  maxPool1dLayer,
  avgPool1dLayer,
  adaptiveAvgPool2dLayer,
  adaptiveMaxPool2dLayer,
  globalAvgPool2dLayer,
  globalMaxPool2dLayer,
  zeroPadding2dLayer,
  upsampling2dLayer,
  resizingLayer,
  spatialDropout2dLayer,
];
