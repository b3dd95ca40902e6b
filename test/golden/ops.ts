// Which operations of the golden cases the library has, and how each is written in its ops and layers.
//
// Place: support table of `op` cases. Invariant: a case is skipped exactly when its op has no row here.

import type { GraphBuilder } from "../../src/graph/builder.ts";
import type { AnyNode, BinaryName, ReduceName, UnaryName } from "../../src/graph/ops.ts";
import { leakyRelu, relu, sigmoid, tanh } from "../../src/layers/activations.ts";
import { parametricRelu } from "../../src/layers/prelu.ts";
import {
  celu,
  elu,
  gelu,
  glu,
  hardShrink,
  hardSigmoid,
  hardSwish,
  hardTanh,
  logSigmoid,
  logSoftmax,
  mish,
  relu6,
  selu,
  silu,
  softmax,
  softplus,
  softShrink,
  softsign,
  tanhShrink,
  threshold,
} from "../../src/layers/rarer-activations.ts";
import { product } from "../../src/shape.ts";
import { type Attributes, Missing, type Tensors } from "./cases.ts";
import {
  applyLayer,
  axisOf,
  dimsOf,
  indexSelect,
  logSumExp,
  matmulAnyRank,
  padAxis,
  reduceOver,
  stridedSlice,
  swapAxes,
  unsqueeze,
  variance,
  where,
} from "./expressions.ts";
import { IMAGE_OPS } from "./images.ts";
import { LOSSES, PAIR_LOSSES } from "./losses.ts";

export type Nodes = Readonly<Record<string, AnyNode>>;

/** Nodes and numbers of the inputs → the result. */
export type OpBuilder = (b: GraphBuilder, ins: Nodes, attrs: Attributes, data: Tensors) => AnyNode;

const number = (attrs: Attributes, key: string, fallback: number): number =>
  typeof attrs[key] === "number" ? (attrs[key] as number) : fallback;

const unary =
  (fn: UnaryName, p = 0, q = 0): OpBuilder =>
  (b, { x }) =>
    b.unary(fn, x!, p, q);

const binary =
  (fn: BinaryName): OpBuilder =>
  (b, ins) =>
    b.binary(fn, ins.a!, ins.b!);

const reduce =
  (fn: ReduceName): OpBuilder =>
  (b, { x }, { dim, keepdim }) =>
    reduceOver(b, fn, x!, dim, keepdim === true);

const correctionOf = ({ unbiased }: Attributes): number => (unbiased === false ? 0 : 1);

/** Along one axis; a scalar counts as a list of one. */
const alongAxis =
  (make: typeof softmax): OpBuilder =>
  (b, { x }, attrs) => {
    const axis = number(attrs, "dim", -1);
    if (x!.shape.length > 0) return applyLayer(b, make({ axis }), x!);
    return b.reshape(applyLayer(b, make({ axis: 0 }), b.reshape(x!, [1])), []);
  };

const concat = (b: GraphBuilder, parts: readonly AnyNode[], axis: number): AnyNode =>
  parts.length === 1 ? parts[0]! : b.add("concat", parts, { axis: axisOf(parts[0]!, axis) });

/** PyTorch's pad counts start at the last dimension: left, right, top, bottom, … */
export function constantPad(b: GraphBuilder, x: AnyNode, counts: readonly number[], value: number): AnyNode {
  let y = x;
  for (let i = 0; 2 * i < counts.length; i++)
    y = padAxis(b, y, x.shape.length - 1 - i, counts[2 * i]!, counts[2 * i + 1]!, value);
  return y;
}

/** A shape with at most one −1. */
export function resolveShape(x: AnyNode, shape: readonly number[]): number[] {
  const known = product(shape.filter((d) => d !== -1));
  return shape.map((d) => (d === -1 ? product(dimsOf(x)) / known : d));
}

const activations: Readonly<Record<string, OpBuilder>> = {
  relu: (b, { x }) => applyLayer(b, relu(), x!),
  leaky_relu: (b, { x }, a) =>
    applyLayer(b, leakyRelu({ negativeSlope: number(a, "negative_slope", 0.01) }), x!),
  elu: (b, { x }, a) => applyLayer(b, elu({ alpha: number(a, "alpha", 1) }), x!),
  gelu: (b, { x }, a) => applyLayer(b, gelu({ approximate: a.approximate === "tanh" }), x!),
  silu: (b, { x }) => applyLayer(b, silu(), x!),
  tanh: (b, { x }) => applyLayer(b, tanh(), x!),
  sigmoid: (b, { x }) => applyLayer(b, sigmoid(), x!),
  softplus: (b, { x }, a) =>
    applyLayer(b, softplus({ beta: number(a, "beta", 1), threshold: number(a, "threshold", 20) }), x!),
  relu6: (b, { x }) => applyLayer(b, relu6(), x!),
  selu: (b, { x }) => applyLayer(b, selu(), x!),
  celu: (b, { x }, a) => applyLayer(b, celu({ alpha: number(a, "alpha", 1) }), x!),
  mish: (b, { x }) => applyLayer(b, mish(), x!),
  log_sigmoid: (b, { x }) => applyLayer(b, logSigmoid(), x!),
  softsign: (b, { x }) => applyLayer(b, softsign(), x!),
  hardsigmoid: (b, { x }) => applyLayer(b, hardSigmoid(), x!),
  hardtanh: (b, { x }, a) =>
    applyLayer(b, hardTanh({ min: number(a, "min", -1), max: number(a, "max", 1) }), x!),
  hardswish: (b, { x }) => applyLayer(b, hardSwish(), x!),
  tanhshrink: (b, { x }) => applyLayer(b, tanhShrink(), x!),
  softshrink: (b, { x }, a) => applyLayer(b, softShrink({ lambda: number(a, "lambda", 0.5) }), x!),
  hardshrink: (b, { x }, a) => applyLayer(b, hardShrink({ lambda: number(a, "lambda", 0.5) }), x!),
  threshold: (b, { x }, a) =>
    applyLayer(
      b,
      threshold({ threshold: number(a, "threshold", 0.25), value: number(a, "value", -0.5) }),
      x!,
    ),
  glu: alongAxis(glu),
  // PyTorch's channels are axis 1, the library's the last.
  prelu: (b, { x, weight }) => {
    const rank = x!.shape.length;
    if (weight!.shape[0] === 1 || rank < 3) return parametricRelu(b, x!, weight!);
    return swapAxes(b, parametricRelu(b, swapAxes(b, x!, 1, rank - 1), weight!), 1, rank - 1);
  },
  softmax: alongAxis(softmax),
  log_softmax: alongAxis(logSoftmax),
};

const shapes: Readonly<Record<string, OpBuilder>> = {
  reshape: (b, { x }, a) => b.reshape(x!, resolveShape(x!, a.shape as number[])),
  permute: (b, { x }, a) =>
    b.transpose(
      x!,
      (a.dims as number[]).map((d) => axisOf(x!, d)),
    ),
  transpose_reshape: (b, { x }, a) => {
    const [p, q] = a.swap as [number, number];
    return b.reshape(swapAxes(b, x!, p, q), a.shape as number[]);
  },
  expand: (b, { x }, a) => {
    const shape = a.shape as number[];
    const lead = shape.length - x!.shape.length;
    return b.expand(
      x!,
      shape.map((d, i) => (d === -1 ? dimsOf(x!)[i - lead]! : d)),
    );
  },
  concat: (b, ins, a) => concat(b, Object.values(ins), number(a, "dim", 0)),
  stack: (b, ins, a) => {
    const dim = number(a, "dim", 0);
    const parts = Object.values(ins).map((x) => unsqueeze(b, x, dim));
    return concat(b, parts, dim);
  },
  slice: (b, { x }, a) => {
    const [start, stop, step] = [a.start, a.stop, a.step] as [number[], number[], number[]];
    return start.reduce((y, from, axis) => stridedSlice(b, y, axis, from, stop[axis]!, step[axis]!), x!);
  },
  index_select: (b, { x, index }, a) => indexSelect(b, x!, number(a, "dim", 0), index!),
  where: (b, ins) => where(b, ins.cond!, ins.a!, ins.b!),
  pad: (b, { x }, a) => {
    if (a.mode !== "constant") throw new Missing("op", `pad, mode ${a.mode}`);
    return constantPad(b, x!, a.pad as number[], number(a, "value", 0));
  },
  embedding: (b, { index, weight }, a) => {
    if (typeof a.padding_idx === "number") throw new Missing("op", "embedding with a padding row");
    return b.add("gatherRows", [weight!, index!], {});
  },
  one_hot: (b, { index }, a) => {
    const classes = a.classes as number;
    const numbers = b.add("constant", [], {
      shape: [classes],
      data: Array.from({ length: classes }, (_, i) => i),
    });
    const column = unsqueeze(b, b.add("cast", [index!], { to: "f32" }), -1);
    return b.binary("equal", column, numbers);
  },
};

const arithmetic: Readonly<Record<string, OpBuilder>> = {
  add: binary("add"),
  sub: binary("sub"),
  mul: binary("mul"),
  div: binary("div"),
  maximum: binary("max"),
  minimum: binary("min"),
  pow: binary("pow"),
  pow_scalar: (b, { x }, a) => b.binary("pow", x!, b.fill([], number(a, "exponent", 1))),
  exp: unary("exp"),
  log: unary("log"),
  sqrt: unary("sqrt"),
  rsqrt: unary("rsqrt"),
  log1p: unary("log1p"),
  expm1: unary("expm1"),
  neg: unary("affine", -1),
  abs: unary("abs"),
  square: unary("square"),
  reciprocal: unary("reciprocal"),
  sin: unary("sin"),
  cos: unary("cos"),
  erf: unary("erf"),
  floor: unary("floor"),
  sign: unary("sign"),
  clamp: (b, { x }, a) => b.unary("clamp", x!, number(a, "min", -3e38), number(a, "max", 3e38)),
  "x*x+x": (b, { x }) => b.addUp(b.mul(x!, x!), x!),
  matmul: (b, ins) => matmulAnyRank(b, ins.a!, ins.b!),
  linear: (b, { x, weight, bias }) => {
    const rows = b.matmul(b.asMatrix(x!), weight!, false, true);
    const y = bias ? b.addUp(rows, bias) : rows;
    return b.reshape(y, [...x!.shape.slice(0, -1), weight!.shape[0]!]);
  },
  reduce_sum: reduce("sum"),
  reduce_mean: reduce("mean"),
  reduce_max: reduce("max"),
  reduce_min: reduce("min"),
  reduce_var: (b, { x }, a) => variance(b, x!, a.dim, a.keepdim === true, correctionOf(a)),
  reduce_std: (b, { x }, a) => b.unary("sqrt", variance(b, x!, a.dim, a.keepdim === true, correctionOf(a))),
  logsumexp: (b, { x }, a) => logSumExp(b, x!, a.dim, a.keepdim === true),
};

const losses: Readonly<Record<string, OpBuilder>> = Object.fromEntries(
  Object.entries(LOSSES).map(([name, build]) => [
    `loss:${name}`,
    (b, ins, attrs, data) => {
      const {
        weight,
        pos_weight: posWeight,
        ...options
      } = attrs as {
        weight?: number[];
        pos_weight?: number[];
      };
      const list = (values: number[]) => ({ shape: [values.length], data: values });
      return build(b, {
        input: ins.input!,
        target: ins.target!,
        targetData: data.target!,
        ...(weight && { weight: list(weight) }),
        ...(posWeight && { posWeight: list(posWeight) }),
        options,
      });
    },
  ]),
);

const pairLosses: Readonly<Record<string, OpBuilder>> = Object.fromEntries(
  Object.entries(PAIR_LOSSES).map(([name, build]) => [
    `loss:${name}`,
    (b, ins, attrs) => build(b, ins, attrs),
  ]),
);

export const OPS: Readonly<Record<string, OpBuilder>> = {
  ...activations,
  ...shapes,
  ...arithmetic,
  ...losses,
  ...pairLosses,
  ...IMAGE_OPS,
};
