// Options of layers whose windows slide over images: sizes, strides and padding as users write them.
//
// Place: shared by convolution, pooling, padding and upsampling. Pairs are [vertical, horizontal].
// Invariant: what comes out is checked and fully spelled out; nothing later looks at the user's form again.

import type { AnyNode } from "../graph/ops.ts";
import { type ImageShape, type Padding, type Pair, samePadding } from "../ops/window.ts";
import { badOption, refuseInput } from "./definition.ts";

/** One number for both directions, or one for each. */
export type PairOption = number | readonly [number, number];
/**
 * `"valid"`: none. `"same"`: ceil(length / stride) windows, the odd zero after (TensorFlow's). A number or a pair is
 * put on both sides (PyTorch's); `[[top, bottom], [left, right]]` gives each side its own.
 */
export type PaddingOption =
  | "valid"
  | "same"
  | number
  | readonly [number, number]
  | readonly [readonly [number, number], readonly [number, number]];

const isCount = (value: unknown, least: number): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= least && value < 2 ** 24;

export function pairOption(
  layer: string,
  option: string,
  value: unknown,
  fallback: number,
  least = 1,
): [number, number] {
  const given = value ?? fallback;
  const pair = Array.isArray(given) ? given : [given, given];
  if (pair.length === 2 && isCount(pair[0], least) && isCount(pair[1], least)) return [pair[0], pair[1]];
  const kind = least === 0 ? "a whole number of at least 0" : "a positive whole number";
  throw badOption(layer, option, `${kind}, or a pair of them`, JSON.stringify(given));
}

const isSide = (value: unknown): value is [number, number] =>
  Array.isArray(value) && value.length === 2 && isCount(value[0], 0) && isCount(value[1], 0);

export function paddingOption(
  layer: string,
  value: unknown,
  size: Pair,
  kernel: Pair,
  strides: Pair,
  dilation: Pair,
): Padding {
  if (value === undefined || value === "valid") return [0, 0, 0, 0];
  if (value === "same") {
    const vertical = samePadding(size[0], kernel[0], strides[0], dilation[0]);
    return [...vertical, ...samePadding(size[1], kernel[1], strides[1], dilation[1])];
  }
  if (isCount(value, 0)) return [value, value, value, value];
  if (isSide(value)) return [value[0], value[0], value[1], value[1]];
  if (Array.isArray(value) && value.length === 2 && isSide(value[0]) && isSide(value[1]))
    return [...value[0], ...value[1]] as unknown as Padding;
  throw badOption(
    layer,
    "padding",
    '"valid", "same", a whole number, a pair, or [[top, bottom], [left, right]]',
    JSON.stringify(value),
  );
}

/** The image that a layer reads, refused in the layer's name. */
export function imageInput(layer: string, x: AnyNode, expected = "[N, H, W, C]"): ImageShape {
  const [batch, height, width, channels] = x.shape;
  if (
    x.shape.length !== 4 ||
    x.dtype !== "f32" ||
    typeof height !== "number" ||
    typeof width !== "number" ||
    typeof channels !== "number"
  )
    throw refuseInput(layer, expected, x);
  return { batch: batch!, height, width, channels };
}

/** A sequence [N, L, C] of known length as the image [N, 1, L, C]. */
export function sequenceInput(layer: string, x: AnyNode): { length: number; channels: number } {
  const [, length, channels] = x.shape;
  if (x.shape.length !== 3 || typeof length !== "number" || typeof channels !== "number")
    throw refuseInput(layer, "[N, length, channels] of known length", x);
  return { length, channels };
}
