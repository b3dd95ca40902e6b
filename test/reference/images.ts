// Convolution and pooling, forward and gradients, as sums over every pair of pixels that meet.
//
// Place: the oracle of src/ops/convolution.ts and pooling.ts. Images are [N, H, W, C], kernels [KH, KW, C / groups, F].
// Invariant: one walk over the meeting pairs serves a convolution and both of its gradients; nothing is skipped cleverly.

import type { ConvAttrs, InputGradAttrs, WeightGradAttrs } from "../../src/ops/convolution.ts";
import type { PoolAttrs, PoolGradAttrs } from "../../src/ops/pooling.ts";
import type { DefinedRule } from "./defined.ts";
import type { Round } from "./functions.ts";
import { at, generate, ravel, type Tensor, tensor } from "./tensor.ts";

type Four = [number, number, number, number];

const add = (t: Tensor, index: readonly number[], value: number, r: Round): void => {
  const i = ravel(index, t.shape);
  t.data[i] = r(t.data[i]! + value);
};

/** Calls back for every pixel and channel of the image, kernel element and filter of the result that meet. */
function meetings(
  image: readonly number[],
  kernel: readonly number[],
  result: readonly number[],
  { strides, dilation, padding, groups }: ConvAttrs,
  visit: (x: Four, w: Four, y: Four) => void,
): void {
  const [n, h, wide] = image as Four;
  const [kh, kw, perGroup, filters] = kernel as Four;
  const [, oh, ow] = result as Four;
  for (let i = 0; i < n; i++)
    for (let oy = 0; oy < oh; oy++)
      for (let ox = 0; ox < ow; ox++)
        for (let ky = 0; ky < kh; ky++)
          for (let kx = 0; kx < kw; kx++) {
            const y = oy * strides[0] + ky * dilation[0] - padding[0];
            const x = ox * strides[1] + kx * dilation[1] - padding[2];
            if (y < 0 || y >= h || x < 0 || x >= wide) continue;
            for (let f = 0; f < filters; f++) {
              const group = Math.floor(f / (filters / groups));
              for (let c = 0; c < perGroup; c++)
                visit([i, y, x, group * perGroup + c], [ky, kx, c, f], [i, oy, ox, f]);
            }
          }
}

/** Adds the bias of the last axis and takes the positive part, as the attributes say. */
function finish(sum: Tensor, { bias, relu }: ConvAttrs, b: Tensor | undefined, r: Round): Tensor {
  return generate(sum.shape, (index) => {
    const value = bias ? r(at(sum, index) + at(b!, [index.at(-1)!])) : at(sum, index);
    return relu ? Math.max(value, 0) : value;
  });
}

const conv2d = (
  attrs: ConvAttrs,
  [x, w, b]: readonly Tensor[],
  r: Round,
  shape: readonly number[],
): Tensor => {
  const out = tensor(shape);
  meetings(x!.shape, w!.shape, shape, attrs, (px, pw, py) => add(out, py, r(at(x!, px) * at(w!, pw)), r));
  return finish(out, attrs, b, r);
};

const inputGrad = (
  attrs: InputGradAttrs,
  ins: readonly Tensor[],
  r: Round,
  shape: readonly number[],
): Tensor => {
  const [dy, w, b] = ins as [Tensor, Tensor, Tensor?];
  const out = tensor(shape);
  meetings(shape, w.shape, dy.shape, attrs, (px, pw, py) => add(out, px, r(at(dy, py) * at(w, pw)), r));
  const dx = finish(out, attrs, b, r);
  const mask = attrs.masked ? ins.at(-1)! : undefined;
  return mask ? generate(shape, (index) => (at(mask, index) > 0 ? at(dx, index) : 0)) : dx;
};

const weightGrad = (
  attrs: WeightGradAttrs,
  ins: readonly Tensor[],
  r: Round,
  shape: readonly number[],
): Tensor => {
  const [x, dy] = ins as [Tensor, Tensor];
  const out = tensor(shape);
  meetings(x.shape, shape, dy.shape, attrs, (px, pw, py) => add(out, pw, r(at(x, px) * at(dy, py)), r));
  return out;
};

/** Pixels of a window that lie in the image, rows before columns, and how many lie in image and padding. */
export function windowAt(
  [height, width]: readonly [number, number],
  { strides, dilation, padding, window }: PoolAttrs,
  oy: number,
  ox: number,
): { pixels: [number, number][]; padded: number } {
  const pixels: [number, number][] = [];
  let padded = 0;
  const [top, bottom, left, right] = padding;
  for (let ky = 0; ky < window[0]; ky++)
    for (let kx = 0; kx < window[1]; kx++) {
      const y = oy * strides[0] - top + ky * dilation[0];
      const x = ox * strides[1] - left + kx * dilation[1];
      if (y < height + bottom && x < width + right) padded += 1;
      if (y >= 0 && y < height && x >= 0 && x < width) pixels.push([y, x]);
    }
  return { pixels, padded };
}

const divisorOf = (attrs: PoolAttrs, inside: number, padded: number): number =>
  attrs.divisor || (attrs.includePad ? padded : inside);

const pool2d = (attrs: PoolAttrs, [x]: readonly Tensor[], r: Round, shape: readonly number[]): Tensor =>
  generate(shape, (index) => {
    const [n, oy, ox, c] = index as Four;
    const { pixels, padded } = windowAt([x!.shape[1]!, x!.shape[2]!], attrs, oy, ox);
    const values = pixels.map(([y, col]) => at(x!, [n, y, col, c]));
    if (attrs.fn === "max") return values.reduce((a, b) => Math.max(a, b), -Infinity);
    const sum = values.reduce((a, b) => r(a + b), 0);
    return r(sum / divisorOf(attrs, pixels.length, padded));
  });

const pool2dGrad = (
  attrs: PoolGradAttrs,
  ins: readonly Tensor[],
  r: Round,
  shape: readonly number[],
): Tensor => {
  const [dy, x, y] = ins as [Tensor, Tensor?, Tensor?];
  const out = tensor(shape);
  const [n, oh, ow, channels] = dy.shape as unknown as Four;
  for (let i = 0; i < n; i++)
    for (let oy = 0; oy < oh; oy++)
      for (let ox = 0; ox < ow; ox++) {
        const { pixels, padded } = windowAt([shape[1]!, shape[2]!], attrs, oy, ox);
        for (let c = 0; c < channels; c++) {
          const d = at(dy, [i, oy, ox, c]);
          if (attrs.fn === "max") {
            const top = at(y!, [i, oy, ox, c]);
            const winner = pixels.find(([row, col]) => at(x!, [i, row, col, c]) === top);
            if (winner && !(attrs.relu && top <= 0)) add(out, [i, ...winner, c], d, r);
          } else
            for (const [row, col] of pixels)
              add(out, [i, row, col, c], r(d / divisorOf(attrs, pixels.length, padded)), r);
        }
      }
  return out;
};

export const imageRules: { readonly [name: string]: DefinedRule } = {
  conv2d: (attrs, ins, c, shape) => conv2d(attrs, ins, c.round, shape),
  conv2dInputGrad: (attrs, ins, c, shape) => inputGrad(attrs, ins, c.round, shape),
  conv2dWeightGrad: (attrs, ins, c, shape) => weightGrad(attrs, ins, c.round, shape),
  pool2d: (attrs, ins, c, shape) => pool2d(attrs, ins, c.round, shape),
  pool2dGrad: (attrs, ins, c, shape) => pool2dGrad(attrs, ins, c.round, shape),
};
