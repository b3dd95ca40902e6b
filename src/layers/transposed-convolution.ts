// conv2dTranspose and conv1dTranspose: the gradient of a convolution as a layer, which makes images larger.
//
// Place: definitions for the registry and the factories that users call. Images are [N, H, W, C] in memory.
// Invariant: the kernel is that of the convolution whose gradient this is, [KH, KW, filters / groups, C], and files
// hold PyTorch's [C, filters / groups, KH, KW].

import { defined } from "../graph/defined.ts";
import type { AnyNode } from "../graph/ops.ts";
import type { Layer, LayerOptions } from "../graph/semantic.ts";
import { conv2dInputGradOp } from "../ops/convolution.ts";
import { type Padding, type Pair, reach, samePadding } from "../ops/window.ts";
import { activate } from "./activations.ts";
import {
  biasParameter,
  directOption,
  FILTER_OPTIONS,
  type FilterOptions,
  groupsOption,
  kernelParameter,
} from "./convolution.ts";
import { badOption, type LayerDefinition, type LowerContext, makeLayer, sizeOption } from "./definition.ts";
import {
  imageInput,
  type PaddingOption,
  type PairOption,
  paddingOption,
  pairOption,
  sequenceInput,
} from "./window-options.ts";

const OPTIONS = [
  ...["filters", "kernelSize", "strides", "padding", "outputPadding", "dilation", "groups"],
  ...FILTER_OPTIONS,
];

interface Expansion {
  readonly kernel: Pair;
  readonly strides: Pair;
  readonly dilation: Pair;
  readonly outputPadding: Pair;
  readonly padding: unknown;
}

/** Size of the result, and the padding of the convolution that leads back from it. */
function expansionOf(layer: string, from: Pair, e: Expansion): { size: Pair; padding: Padding } {
  const { kernel, strides, dilation, outputPadding } = e;
  const full = [0, 1].map((d) => (from[d]! - 1) * strides[d]! + reach(kernel[d]!, dilation[d]!));
  let sides: readonly number[];
  if (e.padding === "same") {
    // As many pixels as strides; the convolution back has TensorFlow's padding.
    sides = [0, 1].flatMap((d) => {
      const size = from[d]! * strides[d]!;
      const [before] = samePadding(size, kernel[d]!, strides[d]!, dilation[d]!);
      return [before, full[d]! - size - before];
    });
  } else sides = paddingOption(layer, e.padding, from, kernel, strides, dilation);
  const size = [0, 1].map((d) => full[d]! - sides[2 * d]! - sides[2 * d + 1]! + outputPadding[d]!);
  if (size.some((length) => length < 1))
    throw badOption(layer, "padding", `less than the ${full.join("×")} pixels of the result`, e.padding);
  // Pixels that are added at the end are pixels that the convolution back does not need to pad.
  const [top, bottom, left, right] = sides as [number, number, number, number];
  return {
    size: size as unknown as Pair,
    padding: [top, bottom - outputPadding[0], left, right - outputPadding[1]],
  };
}

function transposed(
  context: LowerContext,
  x: AnyNode,
  w: AnyNode,
  filters: number,
  e: Expansion,
  groups: number,
  options: LayerOptions,
): AnyNode {
  const { layer, builder } = context;
  const { size, padding } = expansionOf(layer, [x.shape[1] as number, x.shape[2] as number], e);
  const bias = biasParameter(context, filters, options);
  return defined(builder, conv2dInputGradOp, [x, w, ...bias], {
    ...{ strides: e.strides, dilation: e.dilation, padding, size, groups },
    ...{ bias: bias.length > 0, relu: false, masked: false, direct: directOption(layer, options) },
  });
}

export const conv2dTransposeLayer: LayerDefinition = {
  op: "conv2dTranspose",
  version: 1,
  options: OPTIONS,
  lower(context, [x], options) {
    const { layer, builder } = context;
    const filters = sizeOption(layer, "filters", options.filters);
    const expansion: Expansion = {
      kernel: pairOption(layer, "kernelSize", options.kernelSize, 1),
      strides: pairOption(layer, "strides", options.strides, 1),
      dilation: pairOption(layer, "dilation", options.dilation, 1),
      outputPadding: pairOption(layer, "outputPadding", options.outputPadding, 0, 0),
      padding: options.padding,
    };
    const { channels } = imageInput(layer, x!);
    const groups = groupsOption(layer, options.groups, channels, filters);
    const shape = [...expansion.kernel, filters / groups, channels];
    const fans = fansOf(expansion.kernel, channels / groups, filters);
    const w = kernelParameter(context, { name: "weight", shape, fileAxes: [3, 2, 0, 1], fans }, options);
    const y = transposed(context, x!, w, filters, expansion, groups, options);
    return activate(builder, y, options.activation);
  },
};

const fansOf = ([kh, kw]: Pair, inputs: number, outputs: number) => ({
  fanIn: kh * kw * inputs,
  fanOut: kh * kw * outputs,
});

export interface Conv2dTransposeOptions extends FilterOptions {
  strides?: PairOption;
  padding?: PaddingOption;
  /** Pixels added at the bottom and on the right, which no window need reach. */
  outputPadding?: PairOption;
  dilation?: PairOption;
  groups?: number;
}

/**
 * Transposed convolution: input [N, H, W, C], output [N, OH, OW, filters] with
 * OH = (H − 1)·stride − padding + dilation·(KH − 1) + 1 + outputPadding; with padding `"same"` OH = H·stride.
 * Parameters `weight` (saved as [C, filters / groups, KH, KW]) and `bias` [filters].
 */
export const conv2dTranspose = (
  filters: number,
  kernelSize: PairOption,
  options: Conv2dTransposeOptions = {},
): Layer => makeLayer(conv2dTransposeLayer, { filters, kernelSize, ...options });

export const conv1dTransposeLayer: LayerDefinition = {
  op: "conv1dTranspose",
  version: 1,
  options: OPTIONS,
  lower(context, [x], options) {
    const { layer, builder: b } = context;
    const filters = sizeOption(layer, "filters", options.filters);
    const size = sizeOption(layer, "kernelSize", options.kernelSize);
    const { length, channels } = sequenceInput(layer, x!);
    const groups = groupsOption(layer, options.groups, channels, filters);
    const { padding: given, outputPadding = 0 } = options;
    const expansion: Expansion = {
      kernel: [1, size],
      strides: [1, sizeOption(layer, "strides", options.strides ?? 1)],
      dilation: [1, sizeOption(layer, "dilation", options.dilation ?? 1)],
      outputPadding: [0, pairOption(layer, "outputPadding", outputPadding, 0, 0)[1]],
      padding: typeof given === "number" ? [0, given] : Array.isArray(given) ? [[0, 0], given] : given,
    };
    const shape = [size, filters / groups, channels];
    const fans = fansOf([1, size], channels / groups, filters);
    const w = kernelParameter(context, { name: "weight", shape, fileAxes: [2, 1, 0], fans }, options);
    const image = b.reshape(x!, [x!.shape[0]!, 1, length, channels]);
    const y = transposed(context, image, b.reshape(w, [1, ...shape]), filters, expansion, groups, options);
    return activate(b, b.reshape(y, [x!.shape[0]!, y.shape[2]!, filters]), options.activation);
  },
};

export interface Conv1dTransposeOptions extends FilterOptions {
  strides?: number;
  padding?: "valid" | "same" | number | readonly [before: number, after: number];
  outputPadding?: number;
  dilation?: number;
  groups?: number;
}

/** Transposed convolution of sequences: input [N, length, C], output [N, OL, filters]; see conv2dTranspose. */
export const conv1dTranspose = (
  filters: number,
  kernelSize: number,
  options: Conv1dTransposeOptions = {},
): Layer => makeLayer(conv1dTransposeLayer, { filters, kernelSize, ...options });
