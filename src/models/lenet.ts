// LeNet-5 with today's activations: the smallest network that reads digits well. An example to copy.
//
// Place: ready architectures, written with the public layers only. Source: LeCun, Bottou, Bengio, Haffner 1998; ReLU for
// tanh and maxima for means, as is usual now. Invariant: a plain function of shape and classes to a model.

import { conv2d } from "../layers/convolution.ts";
import { dense, flatten, rescale } from "../layers/core-layers.ts";
import { maxPool2d } from "../layers/pooling.ts";
import { type Model, sequential } from "../model.ts";
import type { ArchitectureOptions } from "./options.ts";

/**
 * conv 5×5×6 – pool – conv 5×5×16 – pool – 120 – 84 – classes: 44,426 parameters for digits of 28×28.
 *
 * @param image [height, width, channels] of bytes (0 … 255), at least 16×16
 * @example
 * const trainer = core.trainer(lenet([28, 28, 1], 10), { loss: softmaxCrossEntropy(), optimizer: adam() });
 */
export function lenet(
  image: readonly [height: number, width: number, channels: number],
  classes: number,
  { before = [] }: ArchitectureOptions = {},
): Model {
  return sequential(image, [
    rescale(1 / 255, { name: "rescale" }),
    ...before,
    conv2d(6, 5, { activation: "relu", name: "conv1" }),
    maxPool2d(2, { name: "pool1" }),
    conv2d(16, 5, { activation: "relu", name: "conv2" }),
    maxPool2d(2, { name: "pool2" }),
    flatten({ name: "flatten" }),
    dense(120, { activation: "relu", name: "dense1" }),
    dense(84, { activation: "relu", name: "dense2" }),
    dense(classes, { name: "head" }),
  ]);
}
