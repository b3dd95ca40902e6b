// Activations by name: the text of a layer's `activation` option, and layers of their own.
//
// Place: used by dense and the recurrent layers. Invariant: an activation is ops of the graph, nothing else.

import { ConfigError } from "../errors.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { AnyNode } from "../graph/ops.ts";
import type { JsonValue, Layer, LayerOptions } from "../graph/semantic.ts";
import { withGeneral } from "../packs/general.ts";
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

// Klambauer et al. 2017, eq. 14: the values for which zero mean and unit variance are a fixed point.
const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

/** min(max(x, low), high) whose slope is 0 at both ends, as PyTorch's hard activations have it. */
const openClamp = (b: GraphBuilder, x: AnyNode, p: number, q: number): AnyNode =>
  b.add("unary", [x], { fn: "clamp", p, q, open: true });

/** The first half of an axis times the logistic function of its second half. */
function gated(b: GraphBuilder, x: AnyNode, axis: number): AnyNode {
  const at = axis < 0 ? axis + x.shape.length : axis;
  const size = x.shape[at];
  if (typeof size !== "number" || size % 2 !== 0)
    throw new ConfigError("layer/option", `${b.layer || "glu"}: axis ${axis} must have an even length`, {
      option: "axis",
    });
  const half = (start: number) => b.add("slice", [x], { axis: at, start, length: size / 2 });
  return b.mul(half(0), b.unary("sigmoid", half(size / 2)));
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
  relu6: { options: [], apply: (b, x) => openClamp(b, x, 0, 6) },
  selu: { options: [], apply: (b, x) => b.unary("elu", x, SELU_ALPHA, SELU_SCALE) },
  celu: {
    options: ["alpha"],
    apply: (b, x, o) => {
      const alpha = number(o, "alpha", 1);
      return b.unary("elu", b.affine(x, 1 / alpha), 1, alpha);
    },
  },
  mish: { options: [], apply: (b, x) => b.mul(x, b.unary("tanh", b.unary("softplus", x, 1, 20))) },
  logSigmoid: {
    options: [],
    apply: (b, x) => b.affine(b.unary("softplus", b.affine(x, -1), 1, 20), -1),
  },
  softsign: { options: [], apply: (b, x) => b.div(x, b.affine(b.unary("abs", x), 1, 1)) },
  hardSigmoid: { options: [], apply: (b, x) => b.affine(openClamp(b, x, -3, 3), 1 / 6, 0.5) },
  hardTanh: {
    options: ["min", "max"],
    apply: (b, x, o) => openClamp(b, x, number(o, "min", -1), number(o, "max", 1)),
  },
  hardSwish: {
    options: [],
    apply: (b, x) => b.mul(x, b.affine(b.unary("clamp", x, -3, 3), 1 / 6, 0.5)),
  },
  tanhShrink: { options: [], apply: (b, x) => b.sub(x, b.unary("tanh", x)) },
  softShrink: {
    options: ["lambda"],
    apply: (b, x, o) => {
      const lambda = number(o, "lambda", 0.5);
      return b.sub(x, b.unary("clamp", x, -lambda, lambda));
    },
  },
  hardShrink: {
    options: ["lambda"],
    apply: (b, x, o) => {
      const lambda = b.fill([], number(o, "lambda", 0.5));
      return b.mul(x, b.binary("greater", b.unary("abs", x), lambda));
    },
  },
  threshold: {
    options: ["threshold", "value"],
    apply: (b, x, o) => {
      const above = b.binary("greater", x, b.fill([], number(o, "threshold", 0)));
      const value = number(o, "value", 0);
      return b.addUp(b.mul(x, above), b.affine(above, -value, value));
    },
  },
  glu: { options: ["axis"], apply: (b, x, o) => gated(b, x, number(o, "axis", -1)) },
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
export const elu = (options: Named & { alpha?: number } = {}): Layer => withGeneral(layerOf("elu", options));
/** x·Φ(x) by erf; `approximate: true` takes the tanh form. */
export const gelu = (options: Named & { approximate?: boolean } = {}): Layer =>
  withGeneral(layerOf("gelu", options));
/** x·σ(x), also called swish. */
export const silu = (options: Named = {}): Layer => withGeneral(layerOf("silu", options));
/** Hyperbolic tangent. */
export const tanh = (options: Named = {}): Layer => layerOf("tanh", options);
/** Logistic function. */
export const sigmoid = (options: Named = {}): Layer => layerOf("sigmoid", options);
/** log(1 + e^(beta·x)) / beta; x itself where beta·x > threshold (default 20). */
export const softplus = (options: Named & { beta?: number; threshold?: number } = {}): Layer =>
  withGeneral(layerOf("softplus", options));
/** Softmax over `axis` (default the last; the batch is axis 0). */
export const softmax = (options: Named & { axis?: number } = {}): Layer =>
  withGeneral(layerOf("softmax", options));
/** Logarithm of softmax over `axis` (default the last). */
export const logSoftmax = (options: Named & { axis?: number } = {}): Layer =>
  withGeneral(layerOf("logSoftmax", options));
/** min(max(x, 0), 6). */
export const relu6 = (options: Named = {}): Layer => layerOf("relu6", options);
/** Scaled ELU, 1.0507·(x where positive, else 1.6733·(eˣ − 1)): Klambauer et al. 2017. */
export const selu = (options: Named = {}): Layer => withGeneral(layerOf("selu", options));
/** x where positive, else alpha·(e^(x/alpha) − 1), alpha 1: Barron 2017. */
export const celu = (options: Named & { alpha?: number } = {}): Layer =>
  withGeneral(layerOf("celu", options));
/** x·tanh(log(1 + eˣ)): Misra 2019. */
export const mish = (options: Named = {}): Layer => withGeneral(layerOf("mish", options));
/** log σ(x). */
export const logSigmoid = (options: Named = {}): Layer => withGeneral(layerOf("logSigmoid", options));
/** x / (1 + |x|). */
export const softsign = (options: Named = {}): Layer => layerOf("softsign", options);
/** min(max(x + 3, 0), 6) / 6. */
export const hardSigmoid = (options: Named = {}): Layer => layerOf("hardSigmoid", options);
/** min(max(x, min), max), default −1 and 1. */
export const hardTanh = (options: Named & { min?: number; max?: number } = {}): Layer =>
  layerOf("hardTanh", options);
/** x·hardSigmoid(x). */
export const hardSwish = (options: Named = {}): Layer => layerOf("hardSwish", options);
/** x − tanh x. */
export const tanhShrink = (options: Named = {}): Layer => layerOf("tanhShrink", options);
/** x moved towards 0 by lambda (default 0.5), 0 within it. */
export const softShrink = (options: Named & { lambda?: number } = {}): Layer =>
  layerOf("softShrink", options);
/** x where |x| > lambda (default 0.5), else 0. */
export const hardShrink = (options: Named & { lambda?: number } = {}): Layer =>
  layerOf("hardShrink", options);
/** x where above the threshold, else value; both default to 0. */
export const threshold = (options: Named & { threshold?: number; value?: number } = {}): Layer =>
  layerOf("threshold", options);
/** Gated linear unit: [N, …, 2k] → [N, …, k], the first half of `axis` (default the last) times σ of the second. */
export const glu = (options: Named & { axis?: number } = {}): Layer => withGeneral(layerOf("glu", options));
