// A small residual network: blocks of two convolutions whose input is added to their result. An example to copy.
//
// Place: ready architectures, written with the public layers only. Source: He, Zhang, Ren, Sun 2016, the form for small
// pictures (section 4.2). Invariant: a plain function of shape and classes to a model.

import type { SymbolicTensor } from "../graph/semantic.ts";
import { relu } from "../layers/activations.ts";
import { conv2d } from "../layers/convolution.ts";
import { add, dense, rescale } from "../layers/core-layers.ts";
import { batchNorm } from "../layers/normalization.ts";
import { globalAvgPool2d } from "../layers/pooling.ts";
import { functional, type Model } from "../model.ts";
import type { ArchitectureOptions } from "./options.ts";

/** relu(x + norm(conv(relu(norm(conv(x)))))); a stride halves the picture, and a 1×1 convolution the path past it. */
function block(x: SymbolicTensor, name: string, filters: number, strides: number): SymbolicTensor {
  const convolution = (part: string, kernel: number, stride: number) =>
    conv2d(filters, kernel, {
      ...{ strides: stride, padding: "same", useBias: false },
      name: `${name}.${part}`,
    });
  let y = convolution("conv1", 3, strides)(x);
  y = relu({ name: `${name}.relu1` })(batchNorm({ name: `${name}.norm1` })(y));
  y = batchNorm({ name: `${name}.norm2` })(convolution("conv2", 3, 1)(y));
  const past = strides === 1 ? x : batchNorm({ name: `${name}.norm3` })(convolution("conv3", 1, strides)(x));
  return relu({ name: `${name}.relu2` })(add({ name: `${name}.add` })(y, past));
}

/**
 * Three stages of residual blocks with 16, 32 and 64 filters (`width`, twice and four times that), then the mean of each
 * channel: 78,042 parameters for 32×32 pictures in colour and 10 classes.
 *
 * @param image [height, width, channels] of bytes (0 … 255)
 */
export function smallResNet(
  image: readonly [height: number, width: number, channels: number],
  classes: number,
  { before = [], width = 16, blocks = 1 }: ArchitectureOptions & { width?: number; blocks?: number } = {},
): Model {
  return functional({ x: image }, ({ x }) => {
    let y = before.reduce((t, layer) => layer(t), rescale(1 / 255, { name: "rescale" })(x));
    y = conv2d(width, 3, { padding: "same", useBias: false, name: "stem.conv" })(y);
    y = relu({ name: "stem.relu" })(batchNorm({ name: "stem.norm" })(y));
    for (let stage = 0; stage < 3; stage++)
      for (let i = 0; i < blocks; i++)
        y = block(y, `stage${stage + 1}.${i}`, width << stage, stage > 0 && i === 0 ? 2 : 1);
    return dense(classes, { name: "head" })(globalAvgPool2d({ name: "pool" })(y));
  });
}
