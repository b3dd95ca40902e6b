// conv2d, conv1d, depthwiseConv2d and separableConv2d: learned filters that slide over images and sequences.
//
// Place: definitions for the registry and the factories that users call. Images are [N, H, W, C] in memory.
// Invariant: files hold PyTorch's OIHW; kernels lie as [KH, KW, C / groups, F], so that filters are read in order.

import { defined } from "../graph/defined.ts";
import type { AnyNode } from "../graph/ops.ts";
import type { Layer, LayerOptions } from "../graph/semantic.ts";
import type { Initializer } from "../initializers/initializers.ts";
import { conv2dOp } from "../ops/convolution.ts";
import { type Padding, type Pair, reach } from "../ops/window.ts";
import { type ActivationOption, activate } from "./activations.ts";
import { constraintOf } from "./constraints.ts";
import {
  badOption,
  type Constraint,
  flagOption,
  type LayerDefinition,
  type LowerContext,
  makeLayer,
  type Regularizer,
  regularizerOf,
  sizeOption,
  type TensorSpec,
} from "./definition.ts";
import {
  imageInput,
  type PaddingOption,
  type PairOption,
  paddingOption,
  pairOption,
  sequenceInput,
} from "./window-options.ts";

/** Options that every convolution has. */
export const FILTER_OPTIONS = [
  ...["activation", "useBias", "kernelInitializer", "biasInitializer"],
  ...["kernelRegularizer", "kernelConstraint", "biasRegularizer", "algorithm"],
] as const;

export interface FilterOptions {
  activation?: ActivationOption;
  useBias?: boolean;
  kernelInitializer?: Initializer;
  biasInitializer?: Initializer;
  kernelRegularizer?: Regularizer;
  /** `maxNorm(3)`: keeps the weights of each filter short. */
  kernelConstraint?: Constraint;
  biasRegularizer?: Regularizer;
  /** `"direct"` keeps to sums over the window where another algorithm would be faster but rounds otherwise. */
  algorithm?: "auto" | "direct";
  name?: string;
}

export function kernelParameter(
  context: LowerContext,
  spec: Omit<TensorSpec, "initializer">,
  o: LayerOptions,
) {
  const initializer = (o.kernelInitializer ?? "glorotUniform") as Initializer;
  const held = { ...regularizerOf(o, "kernelRegularizer"), ...constraintOf(context.layer, o) };
  return context.parameter({ ...spec, initializer, ...held });
}

/** The bias as a list to append to an op's inputs: of one parameter or none. */
export function biasParameter(
  context: LowerContext,
  filters: number,
  o: LayerOptions,
  name = "bias",
): AnyNode[] {
  if (!flagOption(context.layer, o, "useBias", true)) return [];
  const initializer = (o.biasInitializer ?? "zeros") as Initializer;
  return [context.parameter({ name, shape: [filters], initializer, ...regularizerOf(o, "biasRegularizer") })];
}

export function directOption(layer: string, { algorithm = "auto" }: LayerOptions): boolean {
  if (algorithm !== "auto" && algorithm !== "direct")
    throw badOption(layer, "algorithm", '"auto" or "direct"', algorithm);
  return algorithm === "direct";
}

/** @throws ConfigError if the groups do not divide input channels and filters */
export function groupsOption(layer: string, value: unknown, channels: number, filters: number): number {
  const groups = sizeOption(layer, "groups", value ?? 1);
  if (channels % groups !== 0 || filters % groups !== 0)
    throw badOption(
      layer,
      "groups",
      `a divisor of ${channels} input channels and of ${filters} filters`,
      groups,
    );
  return groups;
}

interface Sliding2d {
  readonly kernel: Pair;
  readonly strides: Pair;
  readonly dilation: Pair;
  readonly padding: Padding;
  readonly groups: number;
}

/** The convolution of an image with a kernel, then bias and activation. */
function convolve(
  context: LowerContext,
  x: AnyNode,
  w: AnyNode,
  s: Sliding2d,
  bias: AnyNode[],
  o: LayerOptions,
) {
  const { strides, dilation, padding, groups } = s;
  const attrs = { strides, dilation, padding, groups, bias: bias.length > 0, relu: false };
  const direct = directOption(context.layer, o);
  return defined(context.builder, conv2dOp, [x, w, ...bias], { ...attrs, direct });
}

export const conv2dLayer: LayerDefinition = {
  op: "conv2d",
  version: 1,
  options: ["filters", "kernelSize", "strides", "padding", "dilation", "groups", ...FILTER_OPTIONS],
  lower(context, [x], options) {
    const { builder: b, layer } = context;
    const filters = sizeOption(layer, "filters", options.filters);
    const kernel = pairOption(layer, "kernelSize", options.kernelSize, 1);
    const strides = pairOption(layer, "strides", options.strides, 1);
    const dilation = pairOption(layer, "dilation", options.dilation, 1);
    const { height, width, channels } = imageInput(layer, x!);
    const padding = paddingOption(layer, options.padding, [height, width], kernel, strides, dilation);
    const groups = groupsOption(layer, options.groups, channels, filters);
    const shape = [...kernel, channels / groups, filters];
    const w = kernelParameter(context, { name: "weight", shape, fileAxes: [3, 2, 0, 1] }, options);
    const bias = biasParameter(context, filters, options);
    const y = convolve(context, x!, w, { kernel, strides, dilation, padding, groups }, bias, options);
    return activate(b, y, options.activation);
  },
};

export interface Conv2dOptions extends FilterOptions {
  strides?: PairOption;
  padding?: PaddingOption;
  dilation?: PairOption;
  groups?: number;
}

/**
 * Convolution of images, y = activation(x ⋆ W + b); the kernel is not flipped.
 *
 * Input [N, H, W, C], output [N, OH, OW, filters] with OH = ⌊(H + padding − dilation·(KH − 1) − 1) / stride⌋ + 1.
 * Parameters `weight` (saved as [filters, C / groups, KH, KW]) and `bias` [filters]. Defaults: strides 1, padding
 * `"valid"`, dilation 1, groups 1, kernels from Glorot uniform.
 */
export const conv2d = (filters: number, kernelSize: PairOption, options: Conv2dOptions = {}): Layer =>
  makeLayer(conv2dLayer, { filters, kernelSize, ...options });

export const conv1dLayer: LayerDefinition = {
  op: "conv1d",
  version: 1,
  options: ["filters", "kernelSize", "strides", "padding", "dilation", "groups", ...FILTER_OPTIONS],
  lower(context, [x], options) {
    const { builder: b, layer } = context;
    const filters = sizeOption(layer, "filters", options.filters);
    const size = sizeOption(layer, "kernelSize", options.kernelSize);
    const strides: Pair = [1, sizeOption(layer, "strides", options.strides ?? 1)];
    const dilation: Pair = [1, sizeOption(layer, "dilation", options.dilation ?? 1)];
    const kernel: Pair = [1, size];
    const { length, channels } = sequenceInput(layer, x!);
    const groups = groupsOption(layer, options.groups, channels, filters);
    const shape = [size, channels / groups, filters];
    const w = kernelParameter(context, { name: "weight", shape, fileAxes: [2, 1, 0] }, options);
    const bias = biasParameter(context, filters, options);
    const image = b.reshape(x!, [x!.shape[0]!, 1, length, channels]);
    const given = options.padding;
    const explicit = typeof given === "number" ? [0, given] : Array.isArray(given) ? [[0, 0], given] : given;
    const padding: Padding =
      given === "causal"
        ? [0, 0, reach(size, dilation[1]) - 1, 0]
        : paddingOption(layer, explicit, [1, length], kernel, strides, dilation);
    const sliding = { kernel, strides, dilation, padding, groups };
    const y = convolve(context, image, b.reshape(w, [1, ...shape]), sliding, bias, options);
    return activate(b, b.reshape(y, [x!.shape[0]!, y.shape[2]!, filters]), options.activation);
  },
};

export interface Conv1dOptions extends FilterOptions {
  strides?: number;
  /** As in conv2d; a pair is [before, after]. `"causal"` pads before only, so that nothing sees what comes later. */
  padding?: "valid" | "same" | "causal" | number | readonly [before: number, after: number];
  dilation?: number;
  groups?: number;
}

/**
 * Convolution of sequences: input [N, length, C], output [N, OL, filters].
 * Parameters `weight` (saved as [filters, C / groups, K]) and `bias` [filters].
 */
export const conv1d = (filters: number, kernelSize: number, options: Conv1dOptions = {}): Layer =>
  makeLayer(conv1dLayer, { filters, kernelSize, ...options });

/** Of one channel each: a kernel [KH, KW, 1, C·multiplier]. */
function depthwise(
  context: LowerContext,
  x: AnyNode,
  options: LayerOptions,
  name: string,
  bias: boolean,
): AnyNode {
  const { layer } = context;
  const kernel = pairOption(layer, "kernelSize", options.kernelSize, 1);
  const strides = pairOption(layer, "strides", options.strides, 1);
  const dilation = pairOption(layer, "dilation", options.dilation, 1);
  const multiplier = sizeOption(layer, "depthMultiplier", options.depthMultiplier ?? 1);
  const { height, width, channels } = imageInput(layer, x);
  const padding = paddingOption(layer, options.padding, [height, width], kernel, strides, dilation);
  const filters = channels * multiplier;
  const field = kernel[0] * kernel[1];
  const fans = { fanIn: field, fanOut: field * multiplier };
  const shape = [...kernel, 1, filters];
  const w = kernelParameter(context, { name, shape, fileAxes: [3, 2, 0, 1], fans }, options);
  const biases = bias ? biasParameter(context, filters, options) : [];
  return convolve(context, x, w, { kernel, strides, dilation, padding, groups: channels }, biases, options);
}

export const depthwiseConv2dLayer: LayerDefinition = {
  op: "depthwiseConv2d",
  version: 1,
  options: ["kernelSize", "strides", "padding", "dilation", "depthMultiplier", ...FILTER_OPTIONS],
  lower: (context, [x], options) =>
    activate(context.builder, depthwise(context, x!, options, "weight", true), options.activation),
};

export interface DepthwiseConv2dOptions extends FilterOptions {
  strides?: PairOption;
  padding?: PaddingOption;
  dilation?: PairOption;
  /** Results for each input channel, 1. */
  depthMultiplier?: number;
}

/**
 * A convolution of each channel by itself: input [N, H, W, C], output [N, OH, OW, C·depthMultiplier].
 * Parameters `weight` (saved as [C·depthMultiplier, 1, KH, KW]) and `bias`: PyTorch's Conv2d with groups = C.
 */
export const depthwiseConv2d = (kernelSize: PairOption, options: DepthwiseConv2dOptions = {}): Layer =>
  makeLayer(depthwiseConv2dLayer, { kernelSize, ...options });

export const separableConv2dLayer: LayerDefinition = {
  op: "separableConv2d",
  version: 1,
  options: [
    ...["filters", "kernelSize", "strides", "padding", "dilation", "depthMultiplier"],
    ...FILTER_OPTIONS,
  ],
  lower(context, [x], options) {
    const filters = sizeOption(context.layer, "filters", options.filters);
    const middle = depthwise(context, x!, options, "depthwise.weight", false);
    const shape = [1, 1, middle.shape[3] as number, filters];
    const w = kernelParameter(context, { name: "pointwise.weight", shape, fileAxes: [3, 2, 0, 1] }, options);
    const bias = biasParameter(context, filters, options, "pointwise.bias");
    const one: Pair = [1, 1];
    const sliding = { kernel: one, strides: one, dilation: one, padding: [0, 0, 0, 0] as const, groups: 1 };
    const y = convolve(context, middle, w, sliding, bias, options);
    return activate(context.builder, y, options.activation);
  },
};

/**
 * A depthwise convolution without bias, then a 1×1 convolution to `filters` channels (Chollet 2017).
 * Parameters `depthwise.weight`, `pointwise.weight` and `pointwise.bias`.
 */
export const separableConv2d = (
  filters: number,
  kernelSize: PairOption,
  options: DepthwiseConv2dOptions = {},
): Layer => makeLayer(separableConv2dLayer, { filters, kernelSize, ...options });
