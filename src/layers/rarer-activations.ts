// The rarer activations: layers of their own, and known by name where they are imported or files are read.
//
// Place: beside activations.ts; registry.ts lists them all. Invariant: an activation is ops of the graph, nothing else.

import { ConfigError } from "../errors.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { AnyNode } from "../graph/ops.ts";
import type { Layer } from "../graph/semantic.ts";
import { withGeneral } from "../packs/general.ts";
import { activation, activationLayer, type NamedOptions, numberOf } from "./activations.ts";
import type { ActivationDefinition } from "./definition.ts";

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

const eluLayer = activation("elu", (b, x, o) => b.unary("elu", x, numberOf(o, "alpha", 1), 1), ["alpha"]);

const geluLayer = activation("gelu", (b, x, o) => b.unary(o.approximate === true ? "geluTanh" : "gelu", x), [
  "approximate",
]);

const siluLayer = activation("silu", (b, x) => b.unary("silu", x));

const softplusLayer = activation(
  "softplus",
  (b, x, o) => b.unary("softplus", x, numberOf(o, "beta", 1), numberOf(o, "threshold", 20)),
  ["beta", "threshold"],
);

const softmaxLayer = activation("softmax", (b, x, o) => alongAxis(b, x, numberOf(o, "axis", -1), false), [
  "axis",
]);

const logSoftmaxLayer = activation(
  "logSoftmax",
  (b, x, o) => alongAxis(b, x, numberOf(o, "axis", -1), true),
  ["axis"],
);

const relu6Layer = activation("relu6", (b, x) => openClamp(b, x, 0, 6));

const seluLayer = activation("selu", (b, x) => b.unary("elu", x, SELU_ALPHA, SELU_SCALE));

const celuLayer = activation(
  "celu",
  (b, x, o) => {
    const alpha = numberOf(o, "alpha", 1);
    return b.unary("elu", b.affine(x, 1 / alpha), 1, alpha);
  },
  ["alpha"],
);

const mishLayer = activation("mish", (b, x) => b.mul(x, b.unary("tanh", b.unary("softplus", x, 1, 20))));

const logSigmoidLayer = activation("logSigmoid", (b, x) =>
  b.affine(b.unary("softplus", b.affine(x, -1), 1, 20), -1),
);

const softsignLayer = activation("softsign", (b, x) => b.div(x, b.affine(b.unary("abs", x), 1, 1)));

const hardSigmoidLayer = activation("hardSigmoid", (b, x) => b.affine(openClamp(b, x, -3, 3), 1 / 6, 0.5));

const hardTanhLayer = activation(
  "hardTanh",
  (b, x, o) => openClamp(b, x, numberOf(o, "min", -1), numberOf(o, "max", 1)),
  ["min", "max"],
);

const hardSwishLayer = activation("hardSwish", (b, x) =>
  b.mul(x, b.affine(b.unary("clamp", x, -3, 3), 1 / 6, 0.5)),
);

const tanhShrinkLayer = activation("tanhShrink", (b, x) => b.sub(x, b.unary("tanh", x)));

const softShrinkLayer = activation(
  "softShrink",
  (b, x, o) => {
    const lambda = numberOf(o, "lambda", 0.5);
    return b.sub(x, b.unary("clamp", x, -lambda, lambda));
  },
  ["lambda"],
);

const hardShrinkLayer = activation(
  "hardShrink",
  (b, x, o) => {
    const lambda = b.fill([], numberOf(o, "lambda", 0.5));
    return b.mul(x, b.binary("greater", b.unary("abs", x), lambda));
  },
  ["lambda"],
);

const thresholdLayer = activation(
  "threshold",
  (b, x, o) => {
    const above = b.binary("greater", x, b.fill([], numberOf(o, "threshold", 0)));
    const value = numberOf(o, "value", 0);
    return b.addUp(b.mul(x, above), b.affine(above, -value, value));
  },
  ["threshold", "value"],
);

const gluLayer = activation("glu", (b, x, o) => gated(b, x, numberOf(o, "axis", -1)), ["axis"]);

export const rarerActivations: readonly ActivationDefinition[] = /* @__PURE__ */ (() => [
  eluLayer,
  geluLayer,
  siluLayer,
  softplusLayer,
  softmaxLayer,
  logSoftmaxLayer,
  relu6Layer,
  seluLayer,
  celuLayer,
  mishLayer,
  logSigmoidLayer,
  softsignLayer,
  hardSigmoidLayer,
  hardTanhLayer,
  hardSwishLayer,
  tanhShrinkLayer,
  softShrinkLayer,
  hardShrinkLayer,
  thresholdLayer,
  gluLayer,
])();

/** x where positive, else alpha·(eˣ − 1). */
export const elu = (options: NamedOptions & { alpha?: number } = {}): Layer =>
  withGeneral(activationLayer(eluLayer, options));
/** x·Φ(x) by erf; `approximate: true` takes the tanh form. */
export const gelu = (options: NamedOptions & { approximate?: boolean } = {}): Layer =>
  withGeneral(activationLayer(geluLayer, options));
/** x·σ(x), also called swish. */
export const silu = (options: NamedOptions = {}): Layer => withGeneral(activationLayer(siluLayer, options));
/** log(1 + e^(beta·x)) / beta; x itself where beta·x > threshold (default 20). */
export const softplus = (options: NamedOptions & { beta?: number; threshold?: number } = {}): Layer =>
  withGeneral(activationLayer(softplusLayer, options));
/** Softmax over `axis` (default the last; the batch is axis 0). */
export const softmax = (options: NamedOptions & { axis?: number } = {}): Layer =>
  withGeneral(activationLayer(softmaxLayer, options));
/** Logarithm of softmax over `axis` (default the last). */
export const logSoftmax = (options: NamedOptions & { axis?: number } = {}): Layer =>
  withGeneral(activationLayer(logSoftmaxLayer, options));
/** min(max(x, 0), 6). */
export const relu6 = (options: NamedOptions = {}): Layer => activationLayer(relu6Layer, options);
/** Scaled ELU, 1.0507·(x where positive, else 1.6733·(eˣ − 1)): Klambauer et al. 2017. */
export const selu = (options: NamedOptions = {}): Layer => withGeneral(activationLayer(seluLayer, options));
/** x where positive, else alpha·(e^(x/alpha) − 1), alpha 1: Barron 2017. */
export const celu = (options: NamedOptions & { alpha?: number } = {}): Layer =>
  withGeneral(activationLayer(celuLayer, options));
/** x·tanh(log(1 + eˣ)): Misra 2019. */
export const mish = (options: NamedOptions = {}): Layer => withGeneral(activationLayer(mishLayer, options));
/** log σ(x). */
export const logSigmoid = (options: NamedOptions = {}): Layer =>
  withGeneral(activationLayer(logSigmoidLayer, options));
/** x / (1 + |x|). */
export const softsign = (options: NamedOptions = {}): Layer => activationLayer(softsignLayer, options);
/** min(max(x + 3, 0), 6) / 6. */
export const hardSigmoid = (options: NamedOptions = {}): Layer => activationLayer(hardSigmoidLayer, options);
/** min(max(x, min), max), default −1 and 1. */
export const hardTanh = (options: NamedOptions & { min?: number; max?: number } = {}): Layer =>
  activationLayer(hardTanhLayer, options);
/** x·hardSigmoid(x). */
export const hardSwish = (options: NamedOptions = {}): Layer => activationLayer(hardSwishLayer, options);
/** x − tanh x. */
export const tanhShrink = (options: NamedOptions = {}): Layer => activationLayer(tanhShrinkLayer, options);
/** x moved towards 0 by lambda (default 0.5), 0 within it. */
export const softShrink = (options: NamedOptions & { lambda?: number } = {}): Layer =>
  activationLayer(softShrinkLayer, options);
/** x where |x| > lambda (default 0.5), else 0. */
export const hardShrink = (options: NamedOptions & { lambda?: number } = {}): Layer =>
  activationLayer(hardShrinkLayer, options);
/** x where above the threshold, else value; both default to 0. */
export const threshold = (options: NamedOptions & { threshold?: number; value?: number } = {}): Layer =>
  activationLayer(thresholdLayer, options);
/** Gated linear unit: [N, …, 2k] → [N, …, k], the first half of `axis` (default the last) times σ of the second. */
export const glu = (options: NamedOptions & { axis?: number } = {}): Layer =>
  withGeneral(activationLayer(gluLayer, options));
