// The activations of most networks, and the `activation` option of layers.
//
// Place: used by dense, convolutions and the recurrent layers; rarer-activations.ts has the others, which a program
// carries if it names them. Invariant: an activation is ops of the graph, nothing else.

import { ConfigError } from "../errors.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { AnyNode } from "../graph/ops.ts";
import type { JsonValue, Layer, LayerOptions } from "../graph/semantic.ts";
import {
  type ActivationDefinition,
  activationNames,
  checkOptions,
  knownActivation,
  makeLayer,
  useLayers,
} from "./definition.ts";

/** Names that layers and files use. */
export type ActivationName =
  | "linear"
  | "relu"
  | "leakyRelu"
  | "elu"
  | "gelu"
  | "silu"
  | "tanh"
  | "sigmoid"
  | "softplus"
  | "softmax"
  | "logSoftmax"
  | "relu6"
  | "selu"
  | "celu"
  | "mish"
  | "logSigmoid"
  | "softsign"
  | "hardSigmoid"
  | "hardTanh"
  | "hardSwish"
  | "tanhShrink"
  | "softShrink"
  | "hardShrink"
  | "threshold"
  | "glu";

/** A name, or a factory of this module such as `gelu`, which brings its code along wherever names are not known. */
export type ActivationOption = ActivationName | ((options?: object) => Layer);

export interface NamedOptions {
  name?: string;
}

/** The number that an option gives, or its default. */
export const numberOf = (options: LayerOptions, key: string, fallback: number): number =>
  typeof options[key] === "number" ? options[key] : fallback;

type Apply = ActivationDefinition["apply"];

/** The definition of an activation as a layer of its own. */
export const activation = (
  op: ActivationName,
  apply: Apply,
  options: readonly string[] = [],
): ActivationDefinition => ({
  op,
  version: 1,
  options,
  apply,
  lower: ({ builder }, inputs, given) => apply(builder, inputs[0]!, given),
});

export function activationLayer(definition: ActivationDefinition, options: object): Layer {
  checkOptions(definition, { ...options, name: undefined });
  return makeLayer(definition, options);
}

const linearLayer = activation("linear", (_, x) => x);
const reluLayer = activation("relu", (b, x) => b.unary("relu", x));
const leakyReluLayer = activation(
  "leakyRelu",
  (b, x, o) => b.unary("leakyRelu", x, numberOf(o, "negativeSlope", 0.01)),
  ["negativeSlope"],
);
const tanhLayer = activation("tanh", (b, x) => b.unary("tanh", x));
const sigmoidLayer = activation("sigmoid", (b, x) => b.unary("sigmoid", x));

/** Those that every program knows by name. */
export const basicActivations: readonly ActivationDefinition[] = [
  linearLayer,
  reluLayer,
  leakyReluLayer,
  tanhLayer,
  sigmoidLayer,
];

/** Applies the activation that an option names. */
export function activate(b: GraphBuilder, x: AnyNode, name: JsonValue | undefined): AnyNode {
  if (name === undefined) return x;
  useLayers(basicActivations);
  const definition = knownActivation(String(name));
  if (definition) return definition.apply(b, x, {});
  throw new ConfigError(
    "layer/option",
    `${b.layer}: unknown activation "${String(name)}"; known are ${activationNames().join(", ")}, ` +
      "those that are imported and passed as functions (activation: gelu), and for files loadCore({ layers: activationLayers })",
    { layer: b.layer, option: "activation" },
  );
}

/** Rectified linear unit, max(x, 0). */
export const relu = (options: NamedOptions = {}): Layer => activationLayer(reluLayer, options);
/** x where positive, else negativeSlope·x (default 0.01). */
export const leakyRelu = (options: NamedOptions & { negativeSlope?: number } = {}): Layer =>
  activationLayer(leakyReluLayer, options);
/** Hyperbolic tangent. */
export const tanh = (options: NamedOptions = {}): Layer => activationLayer(tanhLayer, options);
/** Logistic function. */
export const sigmoid = (options: NamedOptions = {}): Layer => activationLayer(sigmoidLayer, options);
