// Normalizations within one sample: layerNorm, groupNorm, instanceNorm, rmsNorm, unitNorm.
//
// Place: definitions for the registry and the factories that users call. Channels are the last axis.
// Invariant: no state and no look at other samples, so training and prediction compute the same.
// Sources: Ba et al. 2016; Wu & He 2018; Ulyanov et al. 2016; Zhang & Sennrich 2019.

import type { GraphBuilder } from "../graph/builder.ts";
import type { AnyNode } from "../graph/ops.ts";
import type { Layer, LayerOptions } from "../graph/semantic.ts";
import { generalKernels } from "../packs/general.ts";
import { type Dim, multiplyDims } from "../shape.ts";
import {
  badOption,
  flagOption,
  type LayerDefinition,
  type LowerContext,
  lastDim,
  makeLayer,
  rangeOption,
  refuseInput,
  sizeOption,
} from "./definition.ts";
import { featureFileAxes, flattenedImage } from "./flattened-image.ts";

const OPTIONS = ["epsilon", "scale", "center"];

/** (x − mean) / √(variance + epsilon) over some axes; centred first, so that a large mean costs no digits. */
function standardize(b: GraphBuilder, x: AnyNode, axes: readonly number[], epsilon: number): AnyNode {
  const centred = b.sub(x, b.reduce("mean", x, axes, true));
  const variance = b.reduce("mean", b.unary("square", centred), axes, true);
  return b.mul(centred, b.unary("rsqrt", b.affine(variance, 1, epsilon)));
}

/** y·weight + bias, each unless an option leaves it out. */
function scaleAndShift(
  context: LowerContext,
  y: AnyNode,
  shape: readonly number[],
  options: LayerOptions,
): AnyNode {
  const { builder: b, layer } = context;
  const axes = shape.length === 1 ? featureFileAxes(flattenedImage(b, y)) : {};
  let z = y;
  if (flagOption(layer, options, "scale", true))
    z = b.mul(z, context.parameter({ name: "weight", shape, ...axes, initializer: "ones" }));
  if (flagOption(layer, options, "center", true))
    z = b.addUp(z, context.parameter({ name: "bias", shape, ...axes, initializer: "zeros" }));
  return z;
}

const epsilonOption = (layer: string, options: LayerOptions, fallback = 1e-5): number =>
  rangeOption(layer, options, "epsilon", fallback, 0, 1);

export const layerNormLayer: LayerDefinition = {
  op: "layerNorm",
  version: 1,
  options: [...OPTIONS, "axes"],
  lower(context, [x], options) {
    const { layer, builder } = context;
    const rank = x!.shape.length;
    const count = sizeOption(layer, "axes", options.axes ?? 1);
    const shape = x!.shape.slice(rank - count);
    if (count >= rank || shape.some((d) => typeof d !== "number"))
      throw refuseInput(layer, `[N, …] with ${count} last axes of known length`, x!);
    const axes = shape.map((_, i) => rank - count + i);
    const y = standardize(builder, x!, axes, epsilonOption(layer, options));
    return scaleAndShift(context, y, shape as number[], options);
  },
};

interface NormOptions {
  epsilon?: number;
  /** A learned factor, `weight`. */
  scale?: boolean;
  /** A learned shift, `bias`. */
  center?: boolean;
  name?: string;
}

/**
 * Normalizes each sample over its last `axes` axes (default 1), then scales and shifts element by element.
 * Parameters `weight` and `bias` of those axes; epsilon 1e-5.
 */
export const layerNorm = (options: NormOptions & { axes?: number } = {}): Layer =>
  makeLayer(layerNormLayer, options);

/** Product of the axes between batch and channels. */
const pixels = (x: AnyNode): Dim => x.shape.slice(1, -1).reduce<Dim>(multiplyDims, 1);

export const groupNormLayer: LayerDefinition = {
  op: "groupNorm",
  version: 1,
  options: ["groups", ...OPTIONS],
  lower(context, [x], options) {
    const { layer, builder: b } = context;
    const groups = sizeOption(layer, "groups", options.groups);
    const channels = lastDim(layer, x!);
    if (channels % groups !== 0)
      throw badOption(layer, "groups", `a divisor of ${channels} channels`, groups);
    const grouped = b.reshape(x!, [x!.shape[0]!, pixels(x!), groups, channels / groups]);
    const y = standardize(b, grouped, [1, 3], epsilonOption(layer, options));
    return scaleAndShift(context, b.reshape(y, x!.shape), [channels], options);
  },
};

/**
 * Normalizes groups of channels of each sample over all pixels: [N, …, C] → the same shape.
 * Parameters `weight` and `bias` [C]; epsilon 1e-5.
 */
export const groupNorm = (groups: number, options: NormOptions = {}): Layer =>
  makeLayer(groupNormLayer, { groups, ...options });

export const instanceNormLayer: LayerDefinition = {
  op: "instanceNorm",
  version: 1,
  options: OPTIONS,
  lower(context, [x], options) {
    const { layer, builder } = context;
    const channels = lastDim(layer, x!);
    if (x!.shape.length < 3) throw refuseInput(layer, "[N, …, C] with pixels between batch and channels", x!);
    const axes = x!.shape.slice(1, -1).map((_, i) => i + 1);
    const y = standardize(builder, x!, axes, epsilonOption(layer, options));
    return scaleAndShift(context, y, [channels], options);
  },
};

/**
 * Normalizes each channel of each sample over its pixels: [N, …, C] → the same shape.
 * Parameters `weight` and `bias` [C] (PyTorch's default has none: `scale: false, center: false`); epsilon 1e-5.
 */
export const instanceNorm = (options: NormOptions = {}): Layer => makeLayer(instanceNormLayer, options);

export const rmsNormLayer: LayerDefinition = {
  op: "rmsNorm",
  version: 1,
  options: ["epsilon", "scale"],
  lower(context, [x], options) {
    const { layer, builder: b } = context;
    const channels = lastDim(layer, x!);
    const mean = b.reduce("mean", b.unary("square", x!), [x!.shape.length - 1], true);
    const epsilon = epsilonOption(layer, options, 1e-6);
    const y = b.mul(x!, b.unary("rsqrt", b.affine(mean, 1, epsilon)));
    return scaleAndShift(context, y, [channels], { ...options, center: false });
  },
};

/** x / √(mean(x²) + epsilon) over the last axis, times `weight` [C]; epsilon 1e-6. */
export const rmsNorm = (options: { epsilon?: number; scale?: boolean; name?: string } = {}): Layer =>
  makeLayer(rmsNormLayer, options);

export const unitNormLayer: LayerDefinition = {
  op: "unitNorm",
  version: 1,
  options: ["epsilon"],
  kernels: [generalKernels],
  lower({ layer, builder: b }, [x], options) {
    lastDim(layer, x!);
    const epsilon = rangeOption(layer, options, "epsilon", 1e-12, 0, 1);
    // The root of a bounded square: an all-zero row gives 0 and no infinite slope.
    const squares = b.reduce("sumSquares", x!, [x!.shape.length - 1], true);
    const norm = b.unary("sqrt", b.binary("max", squares, b.fill([], Math.max(epsilon * epsilon, 1e-36))));
    return b.div(x!, norm);
  },
};

/** x divided by its Euclidean length over the last axis, or by `epsilon` (1e-12) where that is larger. */
export const unitNorm = (options: { epsilon?: number; name?: string } = {}): Layer =>
  makeLayer(unitNormLayer, options);
