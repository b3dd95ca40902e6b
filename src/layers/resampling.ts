// zeroPadding2d, upsampling2d, resizing and spatialDropout2d: images get another size, or lose whole channels.
//
// Place: definitions for the registry and the factories that users call. Images are [N, H, W, C].
// Invariant: written in primitive ops, so gradients and memory follow by themselves.

import type { GraphBuilder } from "../graph/builder.ts";
import type { AnyNode } from "../graph/ops.ts";
import type { Layer, LayerOptions } from "../graph/semantic.ts";
import type { Pair } from "../ops/window.ts";
import { generalKernels } from "../packs/general.ts";
import { badOption, flagOption, type LayerDefinition, makeLayer, rangeOption } from "./definition.ts";
import { imageInput, type PairOption, paddingOption, pairOption } from "./window-options.ts";

export const zeroPadding2dLayer: LayerDefinition = {
  op: "zeroPadding2d",
  version: 1,
  options: ["padding"],
  kernels: [generalKernels],
  lower({ builder: b, layer }, [x], options) {
    const { height, width } = imageInput(layer, x!);
    const one: Pair = [1, 1];
    const given = options.padding ?? 1;
    if (typeof given === "string") throw badOption(layer, "padding", "a number, a pair, or two pairs", given);
    const [top, bottom, left, right] = paddingOption(layer, given, [height, width], one, one, one);
    const embed = (value: AnyNode, axis: number, start: number, length: number) => {
      const shape = value.shape.map((d, i) => (i === axis ? length : d));
      return length === value.shape[axis] ? value : b.add("embedSlice", [value], { axis, start, shape });
    };
    return embed(embed(x!, 1, top, top + height + bottom), 2, left, left + width + right);
  },
};

/** Adds zeros around an image: a number, [vertical, horizontal], or [[top, bottom], [left, right]]. */
export const zeroPadding2d = (
  padding: PairOption | readonly [readonly [number, number], readonly [number, number]] = 1,
  options: { name?: string } = {},
): Layer => makeLayer(zeroPadding2dLayer, { padding, ...options });

export type Interpolation = "nearest" | "bilinear";

/** How a size is reached: `step` is what one pixel of the result is worth in pixels of the source. */
export interface Axis {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly alignCorners: boolean;
}

/**
 * The matrix [from, to] that takes a line of pixels to another length. Pixels are areas whose centres are half a pixel
 * in; with `alignCorners` they are points, and the first and last of both lines fall together.
 */
export function interpolationMatrix(
  { from, to, step, alignCorners }: Axis,
  interpolation: Interpolation,
): number[] {
  const matrix = new Array<number>(from * to).fill(0);
  for (let i = 0; i < to; i++) {
    if (interpolation === "nearest") {
      matrix[Math.min(Math.floor(i * step), from - 1) * to + i] = 1;
      continue;
    }
    const exact = alignCorners
      ? to > 1
        ? (i * (from - 1)) / (to - 1)
        : 0
      : Math.max(0, (i + 0.5) * step - 0.5);
    const low = Math.min(Math.floor(exact), from - 1);
    const high = Math.min(low + 1, from - 1);
    const part = Math.fround(exact - low);
    matrix[low * to + i]! += 1 - part;
    matrix[high * to + i]! += part;
  }
  return matrix;
}

/** Height, then width, as products with the matrix of each: [N, H, W, C] → [N, H′, W′, C]. */
export function interpolate(
  b: GraphBuilder,
  x: AnyNode,
  axes: readonly [Axis, Axis],
  how: Interpolation,
): AnyNode {
  const matrices = axes.map((axis) => {
    const data = interpolationMatrix(axis, how);
    return b.add("constant", [], { shape: [axis.from, axis.to], data });
  });
  // [N, W, C, H]·[H, H′], then [N, H′, C, W]·[W, W′]
  const tall = b.matmul(b.transpose(x, [0, 2, 3, 1]), matrices[0]!);
  const wide = b.matmul(b.transpose(tall, [0, 3, 2, 1]), matrices[1]!);
  return b.transpose(wide, [0, 1, 3, 2]);
}

/** Each pixel as a block of equal pixels. */
function repeat(b: GraphBuilder, x: AnyNode, [vertical, horizontal]: Pair): AnyNode {
  const [n, h, w, c] = x.shape as [AnyNode["shape"][number], number, number, number];
  const blocks = b.expand(b.reshape(x, [n, h, 1, w, 1, c]), [n, h, vertical, w, horizontal, c]);
  return b.reshape(blocks, [n, h * vertical, w * horizontal, c]);
}

function interpolationOption(layer: string, { interpolation = "nearest" }: LayerOptions): Interpolation {
  if (interpolation === "nearest" || interpolation === "bilinear") return interpolation;
  throw badOption(layer, "interpolation", '"nearest" or "bilinear"', interpolation);
}

export const upsampling2dLayer: LayerDefinition = {
  op: "upsampling2d",
  version: 1,
  options: ["size", "interpolation"],
  kernels: [generalKernels],
  lower({ builder, layer }, [x], options) {
    const { height, width } = imageInput(layer, x!);
    const factors = pairOption(layer, "size", options.size, 2);
    const how = interpolationOption(layer, options);
    if (how === "nearest") return repeat(builder, x!, factors);
    const axis = (from: number, factor: number): Axis => ({
      ...{ from, to: from * factor, step: 1 / factor, alignCorners: false },
    });
    return interpolate(builder, x!, [axis(height, factors[0]), axis(width, factors[1])], how);
  },
};

/** Enlarges images by whole factors: [N, H, W, C] → [N, H·size[0], W·size[1], C]; nearest pixel or bilinear. */
export const upsampling2d = (
  size: PairOption = 2,
  options: { interpolation?: Interpolation; name?: string } = {},
): Layer => makeLayer(upsampling2dLayer, { size, ...options });

export const resizingLayer: LayerDefinition = {
  op: "resizing",
  version: 1,
  options: ["size", "interpolation", "alignCorners"],
  kernels: [generalKernels],
  lower({ builder, layer }, [x], options) {
    const { height, width } = imageInput(layer, x!);
    const size = pairOption(layer, "size", options.size, 1);
    const alignCorners = flagOption(layer, options, "alignCorners", false);
    const axis = (from: number, to: number): Axis => ({ from, to, step: from / to, alignCorners });
    const axes = [axis(height, size[0]), axis(width, size[1])] as const;
    return interpolate(builder, x!, axes, interpolationOption(layer, options));
  },
};

/** Brings images to a fixed size: [N, H, W, C] → [N, …size, C]; nearest pixel or bilinear. */
export const resizing = (
  size: PairOption,
  options: { interpolation?: Interpolation; alignCorners?: boolean; name?: string } = {},
): Layer => makeLayer(resizingLayer, { size, ...options });

export const spatialDropout2dLayer: LayerDefinition = {
  op: "spatialDropout2d",
  version: 1,
  options: ["rate"],
  lower(context, [x], options) {
    const { builder: b, layer } = context;
    const { batch, channels } = imageInput(layer, x!);
    const rate = rangeOption(layer, options, "rate", 0.5, 0, 1);
    const stream = context.stream();
    if (context.mode === "predict" || rate === 0) return x!;
    const kept = b.add("dropout", [b.fill([batch, 1, 1, channels], 1)], { rate, stream });
    return b.mul(x!, kept);
  },
};

/** Dropout of whole channels of an image: each with probability `rate`, the rest scaled by 1 / (1 − rate). */
export const spatialDropout2d = (rate: number, options: { name?: string } = {}): Layer =>
  makeLayer(spatialDropout2dLayer, { rate, ...options });
