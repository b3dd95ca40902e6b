// Pooling: the largest or the average of windows, of areas, or of the whole image.
//
// Place: definitions for the registry and the factories that users call. Images are [N, H, W, C], sequences [N, L, C].
// Invariant: a tie gives the gradient to the first element in row order; padding never wins and is not counted.

import type { GraphBuilder } from "../graph/builder.ts";
import { defined } from "../graph/defined.ts";
import type { AnyNode } from "../graph/ops.ts";
import type { Layer, LayerOptions } from "../graph/semantic.ts";
import { type PoolAttrs, pool2dOp } from "../ops/pooling.ts";
import { type Pair, windowCounts } from "../ops/window.ts";
import { generalKernels } from "../packs/general.ts";
import { badOption, flagOption, type LayerDefinition, makeLayer, sizeOption } from "./definition.ts";
import {
  imageInput,
  type PaddingOption,
  type PairOption,
  paddingOption,
  pairOption,
  sequenceInput,
} from "./window-options.ts";

const WINDOW_OPTIONS = ["size", "strides", "padding", "ceilMode"];
const ONE: Pair = [1, 1];

/** What tells the pooling layers apart. */
interface Pooling {
  readonly fn: PoolAttrs["fn"];
  readonly rank: 1 | 2;
}

const optionsOf = (fn: PoolAttrs["fn"]): string[] => [
  ...WINDOW_OPTIONS,
  ...(fn === "max" ? ["dilation"] : ["countIncludePad"]),
];

function poolLayer(op: string, { fn, rank }: Pooling): LayerDefinition {
  /** One number per direction; sequences have one direction. */
  const pair = (layer: string, option: string, value: unknown, fallback: number): Pair => {
    if (rank === 2) return pairOption(layer, option, value, fallback);
    return [1, sizeOption(layer, option, value ?? fallback)];
  };
  return {
    op,
    version: 1,
    options: optionsOf(fn),
    lower({ builder: b, layer }, [x], options) {
      const size = rank === 2 ? [0, 0] : [1, 0];
      if (rank === 2) {
        const { height, width } = imageInput(layer, x!);
        size.splice(0, 2, height, width);
      } else size[1] = sequenceInput(layer, x!).length;
      const window = pair(layer, "size", options.size, 2);
      const strides = options.strides === undefined ? window : pair(layer, "strides", options.strides, 1);
      const dilation = pair(layer, "dilation", options.dilation, 1);
      const given = options.padding;
      const flat = typeof given === "number" ? [0, given] : Array.isArray(given) ? [[0, 0], given] : given;
      const pads = rank === 2 ? given : flat;
      const padding = paddingOption(layer, pads, size as unknown as Pair, window, strides, dilation);
      if (
        [0, 1].some(
          (d) => Math.max(padding[2 * d]!, padding[2 * d + 1]!) >= (window[d]! - 1) * dilation[d]! + 1,
        )
      )
        throw badOption(
          layer,
          "padding",
          "less than the window, so that no window lies in it",
          JSON.stringify(given),
        );
      const sliding = { strides, dilation, padding };
      const ceil = flagOption(layer, options, "ceilMode", false);
      const counts = windowCounts(layer, size as unknown as Pair, window, sliding, ceil);
      const includePad = flagOption(layer, options, "countIncludePad", false);
      const image = rank === 2 ? x! : b.reshape(x!, [x!.shape[0]!, 1, ...x!.shape.slice(1)]);
      const attrs: PoolAttrs = { ...sliding, fn, window, counts, includePad, divisor: 0 };
      const y = defined(b, pool2dOp, [image], attrs);
      return rank === 2 ? y : b.reshape(y, [y.shape[0]!, ...y.shape.slice(2)]);
    },
  };
}

export const maxPool2dLayer = poolLayer("maxPool2d", { fn: "max", rank: 2 });
export const avgPool2dLayer = poolLayer("avgPool2d", { fn: "average", rank: 2 });
export const maxPool1dLayer = poolLayer("maxPool1d", { fn: "max", rank: 1 });
export const avgPool1dLayer = poolLayer("avgPool1d", { fn: "average", rank: 1 });

interface WindowOptions {
  /** Default: the window itself. */
  strides?: PairOption;
  padding?: PaddingOption;
  /** Lets a last window hang over the end instead of leaving the rest out. */
  ceilMode?: boolean;
  name?: string;
}

export interface MaxPool2dOptions extends WindowOptions {
  dilation?: PairOption;
}

export interface AvgPool2dOptions extends WindowOptions {
  /** Counts the zeros of the padding as elements (PyTorch's default; here false, as in Keras). */
  countIncludePad?: boolean;
}

/** The largest value of each window: [N, H, W, C] → [N, OH, OW, C]. Windows of 2×2 side by side unless said otherwise. */
export const maxPool2d = (size: PairOption = 2, options: MaxPool2dOptions = {}): Layer =>
  makeLayer(maxPool2dLayer, { size, ...options });

/** The average of each window: [N, H, W, C] → [N, OH, OW, C]. */
export const avgPool2d = (size: PairOption = 2, options: AvgPool2dOptions = {}): Layer =>
  makeLayer(avgPool2dLayer, { size, ...options });

interface WindowOptions1d {
  strides?: number;
  padding?: "valid" | "same" | number | readonly [before: number, after: number];
  ceilMode?: boolean;
  name?: string;
}

/** The largest value of each window of a sequence: [N, L, C] → [N, OL, C]. */
export const maxPool1d = (size = 2, options: WindowOptions1d & { dilation?: number } = {}): Layer =>
  makeLayer(maxPool1dLayer, { size, ...options });

/** The average of each window of a sequence: [N, L, C] → [N, OL, C]. */
export const avgPool1d = (size = 2, options: WindowOptions1d & { countIncludePad?: boolean } = {}): Layer =>
  makeLayer(avgPool1dLayer, { size, ...options });

/** All of x in one window: [N, H, W, C] → [N, 1, 1, C]. */
function poolWhole(b: GraphBuilder, x: AnyNode, fn: PoolAttrs["fn"], window: Pair): AnyNode {
  const sliding = { strides: ONE, dilation: ONE, padding: [0, 0, 0, 0] as const };
  return defined(b, pool2dOp, [x], { ...sliding, fn, window, counts: ONE, includePad: false, divisor: 0 });
}

/** Areas ⌊i·from / to⌋ … ⌈(i + 1)·from / to⌉, which overlap where `to` does not divide `from`. */
const areas = (from: number, to: number): { start: number; length: number }[] =>
  Array.from({ length: to }, (_, i) => {
    const start = Math.floor((i * from) / to);
    return { start, length: Math.ceil(((i + 1) * from) / to) - start };
  });

const part = (
  b: GraphBuilder,
  x: AnyNode,
  axis: number,
  { start, length }: { start: number; length: number },
) => (x.shape[axis] === length ? x : b.add("slice", [x], { axis, start, length }));

const join = (b: GraphBuilder, parts: readonly AnyNode[], axis: number): AnyNode =>
  parts.length === 1 ? parts[0]! : b.add("concat", parts, { axis });

function adaptive(
  b: GraphBuilder,
  x: AnyNode,
  [height, width]: Pair,
  [rows, columns]: Pair,
  fn: PoolAttrs["fn"],
) {
  if (height % rows === 0 && width % columns === 0) {
    const window: Pair = [height / rows, width / columns];
    const sliding = { strides: window, dilation: ONE, padding: [0, 0, 0, 0] as const };
    const counts: Pair = [rows, columns];
    return defined(b, pool2dOp, [x], { ...sliding, fn, window, counts, includePad: false, divisor: 0 });
  }
  const bands = areas(height, rows).map((row) => {
    const band = part(b, x, 1, row);
    const cells = areas(width, columns).map((column) =>
      poolWhole(b, part(b, band, 2, column), fn, [row.length, column.length]),
    );
    return join(b, cells, 2);
  });
  return join(b, bands, 1);
}

function adaptiveLayer(op: string, fn: PoolAttrs["fn"]): LayerDefinition {
  return {
    op,
    version: 1,
    options: ["size"],
    kernels: [generalKernels],
    lower({ builder, layer }, [x], options: LayerOptions) {
      const { height, width } = imageInput(layer, x!);
      const size = pairOption(layer, "size", options.size, 1);
      return adaptive(builder, x!, [height, width], size, fn);
    },
  };
}

export const adaptiveAvgPool2dLayer = adaptiveLayer("adaptiveAvgPool2d", "average");
export const adaptiveMaxPool2dLayer = adaptiveLayer("adaptiveMaxPool2d", "max");

/** Averages of size[0] × size[1] areas that cover the image, whatever its size: [N, H, W, C] → [N, …size, C]. */
export const adaptiveAvgPool2d = (size: PairOption, options: { name?: string } = {}): Layer =>
  makeLayer(adaptiveAvgPool2dLayer, { size, ...options });

/** The largest values of size[0] × size[1] areas that cover the image: [N, H, W, C] → [N, …size, C]. */
export const adaptiveMaxPool2d = (size: PairOption, options: { name?: string } = {}): Layer =>
  makeLayer(adaptiveMaxPool2dLayer, { size, ...options });

function globalLayer(op: string, fn: PoolAttrs["fn"]): LayerDefinition {
  return {
    op,
    version: 1,
    options: [],
    lower({ builder: b, layer }, [x]) {
      const { batch, height, width, channels } = imageInput(layer, x!);
      if (fn === "average") return b.reduce("mean", x!, [1, 2]);
      return b.reshape(poolWhole(b, x!, fn, [height, width]), [batch, channels]);
    },
  };
}

export const globalAvgPool2dLayer = globalLayer("globalAvgPool2d", "average");
export const globalMaxPool2dLayer = globalLayer("globalMaxPool2d", "max");

/** The average of each channel: [N, H, W, C] → [N, C]. */
export const globalAvgPool2d = (options: { name?: string } = {}): Layer =>
  makeLayer(globalAvgPool2dLayer, options);

/** The largest value of each channel: [N, H, W, C] → [N, C]. */
export const globalMaxPool2d = (options: { name?: string } = {}): Layer =>
  makeLayer(globalMaxPool2dLayer, options);
