// Activations by name: the text of a layer's `activation` option, and layers of their own.
//
// Place: used by dense and the recurrent layers. Invariant: an activation is ops of the graph, nothing else.

import { ConfigError } from "../errors.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { AnyNode } from "../graph/ops.ts";
import type { JsonValue, Layer, LayerOptions } from "../graph/semantic.ts";
import { checkOptions, type LayerDefinition, makeLayer } from "./definition.ts";

export type ActivationOption =
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
  | "logSoftmax";

type Apply = (b: GraphBuilder, x: AnyNode, options: LayerOptions) => AnyNode;

const number = (options: LayerOptions, key: string, fallback: number): number =>
  typeof options[key] === "number" ? options[key] : fallback;

/** Softmax over any axis: the core's works on the last. */
function alongAxis(b: GraphBuilder, x: AnyNode, axis: number, log: boolean): AnyNode {
  const rank = x.shape.length;
  const at = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(at) || at < 0 || at >= rank)
    throw new ConfigError(
      "layer/option",
      `${b.layer || "softmax"}: axis ${axis} is outside the input's ${rank} axes`,
      {
        option: "axis",
      },
    );
  if (at === rank - 1) return b.add("softmax", [x], { log });
  const swap = Array.from({ length: rank }, (_, i) => (i === at ? rank - 1 : i === rank - 1 ? at : i));
  return b.transpose(b.add("softmax", [b.transpose(x, swap)], { log }), swap);
}

const table: Readonly<Record<ActivationOption, { options: readonly string[]; apply: Apply }>> = {
  linear: { options: [], apply: (_, x) => x },
  relu: { options: [], apply: (b, x) => b.unary("relu", x) },
  leakyRelu: {
    options: ["negativeSlope"],
    apply: (b, x, o) => b.unary("leakyRelu", x, number(o, "negativeSlope", 0.01)),
  },
  elu: { options: ["alpha"], apply: (b, x, o) => b.unary("elu", x, number(o, "alpha", 1), 1) },
  gelu: {
    options: ["approximate"],
    apply: (b, x, o) => b.unary(o.approximate === true ? "geluTanh" : "gelu", x),
  },
  silu: { options: [], apply: (b, x) => b.unary("silu", x) },
  tanh: { options: [], apply: (b, x) => b.unary("tanh", x) },
  sigmoid: { options: [], apply: (b, x) => b.unary("sigmoid", x) },
  softplus: {
    options: ["beta", "threshold"],
    apply: (b, x, o) => b.unary("softplus", x, number(o, "beta", 1), number(o, "threshold", 20)),
  },
  softmax: { options: ["axis"], apply: (b, x, o) => alongAxis(b, x, number(o, "axis", -1), false) },
  logSoftmax: { options: ["axis"], apply: (b, x, o) => alongAxis(b, x, number(o, "axis", -1), true) },
};

/** Applies the activation that an option names. */
export function activate(b: GraphBuilder, x: AnyNode, name: JsonValue | undefined): AnyNode {
  if (name === undefined) return x;
  const row = Object.hasOwn(table, String(name)) ? table[name as ActivationOption] : undefined;
  if (!row)
    throw new ConfigError(
      "layer/option",
      `${b.layer}: unknown activation "${String(name)}"; known are ${Object.keys(table).join(", ")}`,
      { layer: b.layer, option: "activation" },
    );
  return row.apply(b, x, {});
}

/** One layer definition per activation. */
export const activationLayers: readonly LayerDefinition[] = Object.entries(table).map(([op, row]) => ({
  op,
  version: 1,
  options: row.options,
  lower: ({ builder }, inputs, options) => row.apply(builder, inputs[0]!, options),
}));

const layerOf = (op: ActivationOption, options: object): Layer => {
  const definition = activationLayers.find((d) => d.op === op)!;
  checkOptions(definition, { ...options, name: undefined });
  return makeLayer(definition, options);
};

interface Named {
  name?: string;
}

/** Rectified linear unit, max(x, 0). */
export const relu = (options: Named = {}): Layer => layerOf("relu", options);
/** x where positive, else negativeSlope·x (default 0.01). */
export const leakyRelu = (options: Named & { negativeSlope?: number } = {}): Layer =>
  layerOf("leakyRelu", options);
/** x where positive, else alpha·(eˣ − 1). */
export const elu = (options: Named & { alpha?: number } = {}): Layer => layerOf("elu", options);
/** x·Φ(x) by erf; `approximate: true` takes the tanh form. */
export const gelu = (options: Named & { approximate?: boolean } = {}): Layer => layerOf("gelu", options);
/** x·σ(x), also called swish. */
export const silu = (options: Named = {}): Layer => layerOf("silu", options);
/** Hyperbolic tangent. */
export const tanh = (options: Named = {}): Layer => layerOf("tanh", options);
/** Logistic function. */
export const sigmoid = (options: Named = {}): Layer => layerOf("sigmoid", options);
/** log(1 + e^(beta·x)) / beta; x itself where beta·x > threshold (default 20). */
export const softplus = (options: Named & { beta?: number; threshold?: number } = {}): Layer =>
  layerOf("softplus", options);
/** Softmax over `axis` (default the last; the batch is axis 0). */
export const softmax = (options: Named & { axis?: number } = {}): Layer => layerOf("softmax", options);
/** Logarithm of softmax over `axis` (default the last). */
export const logSoftmax = (options: Named & { axis?: number } = {}): Layer => layerOf("logSoftmax", options);
