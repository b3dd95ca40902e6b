// dense, flatten, reshape, rescale, dropout: the layers of fully connected networks.
//
// Place: definitions for the registry and the factories that users call.
// Invariant: weights lie as [in, out] in memory, so that one row times the weights reads them in order.

import type { GraphBuilder } from "../graph/builder.ts";
import type { AnyNode } from "../graph/ops.ts";
import type { Layer, LayerOptions } from "../graph/semantic.ts";
import type { Initializer } from "../initializers/initializers.ts";
import { withGeneral } from "../packs/general.ts";
import { elementsOf, multiplyDims, N } from "../shape.ts";
import { type ActivationOption, activate } from "./activations.ts";
import { constraintOf } from "./constraints.ts";
import {
  badOption,
  type Constraint,
  flagOption,
  type LayerDefinition,
  lastDim,
  makeLayer,
  type Regularizer,
  rangeOption,
  refuseInput,
  regularizerOf,
  sizeOption,
} from "./definition.ts";
import { denseFileAxes, flattenedImage } from "./flattened-image.ts";

export const denseLayer: LayerDefinition = {
  op: "dense",
  version: 1,
  options: [
    "units",
    "activation",
    "useBias",
    "kernelInitializer",
    "biasInitializer",
    "kernelRegularizer",
    "kernelConstraint",
    "biasRegularizer",
  ],
  lower(context, [x], options) {
    const { builder: b, layer } = context;
    const units = sizeOption(layer, "units", options.units);
    const features = lastDim(layer, x!);
    const weight = context.parameter({
      name: "weight",
      shape: [features, units],
      ...denseFileAxes(flattenedImage(b, x!), units),
      initializer: (options.kernelInitializer ?? "glorotUniform") as Initializer,
      ...regularizerOf(options, "kernelRegularizer"),
      ...constraintOf(layer, options),
    });
    const rows = x!.shape.length === 2 ? x! : b.asMatrix(x!);
    let y = b.matmul(rows, weight);
    if (flagOption(layer, options, "useBias", true)) {
      const bias = context.parameter({
        name: "bias",
        shape: [units],
        initializer: (options.biasInitializer ?? "zeros") as Initializer,
        ...regularizerOf(options, "biasRegularizer"),
      });
      y = b.addUp(y, bias);
    }
    return activate(b, b.reshape(y, [...x!.shape.slice(0, -1), units]), options.activation);
  },
};

export interface DenseOptions {
  activation?: ActivationOption;
  useBias?: boolean;
  kernelInitializer?: Initializer;
  biasInitializer?: Initializer;
  kernelRegularizer?: Regularizer;
  /** `maxNorm(3)`: keeps the weights into each unit short. */
  kernelConstraint?: Constraint;
  biasRegularizer?: Regularizer;
  name?: string;
}

/**
 * Fully connected layer, y = activation(x·W + b).
 *
 * Input [N, …, features], output [N, …, units]. Parameters `weight` (saved as [units, features]) and `bias` [units].
 */
export const dense = (units: number, options: DenseOptions = {}): Layer =>
  makeLayer(denseLayer, { units, ...options });

export const flattenLayer: LayerDefinition = {
  op: "flatten",
  version: 1,
  options: [],
  lower: ({ builder }, [x]) => builder.reshape(x!, [x!.shape[0]!, elementsOf(x!.shape.slice(1))]),
};

/** [N, a, b, …] → [N, a·b·…]. */
export const flatten = (options: { name?: string } = {}): Layer => makeLayer(flattenLayer, options);

export const reshapeLayer: LayerDefinition = {
  op: "reshape",
  version: 1,
  options: ["shape"],
  lower({ builder, layer }, [x], options) {
    const target = options.shape;
    if (!Array.isArray(target) || target.some((d) => !Number.isInteger(d) || (d as number) < 1))
      throw badOption(layer, "shape", "a list of positive whole numbers", JSON.stringify(target));
    const shape = (target as number[]).slice();
    const whole = elementsOf(x!.shape);
    const wanted = shape.reduce<ReturnType<typeof multiplyDims>>(multiplyDims, N);
    if (JSON.stringify(whole) !== JSON.stringify(wanted))
      throw refuseInput(layer, `with ${shape.join("·")} values per row`, x!);
    return builder.reshape(x!, [N, ...shape]);
  },
};

/** Gives each row another shape of as many elements; the batch dimension is left out. */
export const reshape = (shape: readonly number[], options: { name?: string } = {}): Layer =>
  makeLayer(reshapeLayer, { shape, ...options });

export const rescaleLayer: LayerDefinition = {
  op: "rescale",
  version: 1,
  options: ["scale", "offset"],
  lower({ builder, layer }, [x], options) {
    const { scale, offset = 0 } = options;
    if (typeof scale !== "number") throw badOption(layer, "scale", "a number", scale);
    if (typeof offset !== "number") throw badOption(layer, "offset", "a number", offset);
    return builder.affine(x!, scale, offset);
  },
};

/** x·scale + offset, computed in the core: `rescale(1 / 255)` takes bytes to [0, 1]. */
export const rescale = (scale: number, options: { offset?: number; name?: string } = {}): Layer =>
  makeLayer(rescaleLayer, { scale, ...options });

export const dropoutLayer: LayerDefinition = {
  op: "dropout",
  version: 1,
  options: ["rate"],
  lower(context, [x], options) {
    const rate = rangeOption(context.layer, options, "rate", 0.5, 0, 1);
    const stream = context.stream();
    if (context.mode === "predict" || rate === 0) return x!;
    return context.builder.add("dropout", [x!], { rate, stream });
  },
};

/** In training sets each value to 0 with probability `rate` and scales the rest by 1 / (1 − rate). */
export const dropout = (rate: number, options: { name?: string } = {}): Layer =>
  makeLayer(dropoutLayer, { rate, ...options });

const merge = (
  op: string,
  join: (all: readonly AnyNode[], options: LayerOptions, b: GraphBuilder) => AnyNode,
  options: readonly string[] = [],
): LayerDefinition => ({
  op,
  version: 1,
  options,
  lower: ({ builder }, inputs, o) => join(inputs, o, builder),
});

export const addLayer = /* @__PURE__ */ merge("add", (all, _, b) => all.reduce((p, q) => b.addUp(p, q)));
export const multiplyLayer = /* @__PURE__ */ merge("multiply", (all, _, b) =>
  all.reduce((p, q) => b.mul(p, q)),
);
export const concatLayer = /* @__PURE__ */ merge(
  "concat",
  (all, { axis = -1 }, b) =>
    all.length === 1
      ? all[0]!
      : b.add("concat", all, {
          axis: (axis as number) < 0 ? all[0]!.shape.length + (axis as number) : (axis as number),
        }),
  ["axis"],
);

/** Sum of its inputs, with broadcasting: `add()(x, y)`. */
export const add = (options: { name?: string } = {}): Layer => makeLayer(addLayer, options);
/** Product of its inputs, element by element. */
export const multiply = (options: { name?: string } = {}): Layer => makeLayer(multiplyLayer, options);
/** Joins its inputs along `axis` (default the last). */
export const concat = (options: { axis?: number; name?: string } = {}): Layer =>
  withGeneral(makeLayer(concatLayer, options));
