// A tiny MobileNet: depthwise convolutions see neighbours, 1×1 convolutions mix channels. An example to copy.
//
// Place: ready architectures, written with the public layers only. Source: Howard et al. 2017, table 1, cut to small
// pictures. Invariant: a plain function of shape and classes to a model.

import type { Layer } from "../graph/semantic.ts";
import { conv2d, depthwiseConv2d } from "../layers/convolution.ts";
import { dense, rescale } from "../layers/core-layers.ts";
import { batchNorm } from "../layers/normalization.ts";
import { globalAvgPool2d } from "../layers/pooling.ts";
import { relu6 } from "../layers/rarer-activations.ts";
import { type Model, sequential } from "../model.ts";
import type { ArchitectureOptions } from "./options.ts";

const normalized = (name: string, layer: Layer): Layer[] => [
  layer,
  batchNorm({ name: `${name}.norm` }),
  relu6({ name: `${name}.relu` }),
];

/** 3×3 depthwise, then 1×1 to `filters` channels. */
function separable(name: string, filters: number, strides: number): Layer[] {
  const depthwise = depthwiseConv2d(3, {
    ...{ strides, padding: "same", useBias: false },
    name: `${name}.depthwise`,
  });
  const pointwise = conv2d(filters, 1, { useBias: false, name: `${name}.pointwise` });
  return [...normalized(`${name}.depthwise`, depthwise), ...normalized(`${name}.pointwise`, pointwise)];
}

/**
 * A 3×3 convolution and four separable ones, then the mean of each channel. `width` filters in the first (default 16),
 * up to eight times that in the last: 18,826 parameters for 28×28 grey pictures and 10 classes.
 *
 * @param image [height, width, channels] of bytes (0 … 255)
 */
export function mobileNetTiny(
  image: readonly [height: number, width: number, channels: number],
  classes: number,
  { before = [], width = 16 }: ArchitectureOptions & { width?: number } = {},
): Model {
  const stem = conv2d(width, 3, { strides: 2, padding: "same", useBias: false, name: "stem" });
  return sequential(image, [
    rescale(1 / 255, { name: "rescale" }),
    ...before,
    ...normalized("stem", stem),
    ...separable("block1", 2 * width, 1),
    ...separable("block2", 4 * width, 2),
    ...separable("block3", 4 * width, 1),
    ...separable("block4", 8 * width, 2),
    globalAvgPool2d({ name: "pool" }),
    dense(classes, { name: "head" }),
  ]);
}
