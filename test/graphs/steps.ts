// The steps a random graph is drawn from: each applies one op to something drawn so far, or says that it cannot.
//
// Place: used by random-graph.ts. Dimensions: N batch (symbolic), T time (symbolic).
// Invariant: a step leaves arguments inside an op's domain and away from overflow, not away from kinks.

import { defined } from "../../src/graph/defined.ts";
import type { AnyNode, BinaryName, ReduceName, UnaryName } from "../../src/graph/ops.ts";
import { rnn as rnnOp } from "../../src/ops/recurrent.ts";
import { type Dim, elementsOf, multiplyDims, N, type Shape, T } from "../../src/shape.ts";
import type { Drawing } from "./random-graph.ts";

type Step = (d: Drawing) => AnyNode[] | undefined;

/** Parameters p and q of a function; most take none. */
const functionParameters: { readonly [K in UnaryName]?: (d: Drawing) => [number, number] } = {
  affine: ({ draw }) => [draw.uniform(-2, 2), draw.uniform(-1, 1)],
  clamp: ({ draw }) => [draw.uniform(-2, -0.2), draw.uniform(0, 2)],
  leakyRelu: ({ draw }) => [draw.uniform(0.01, 0.4), 0],
  elu: ({ draw }) => [draw.uniform(0.5, 2), draw.uniform(0.5, 1.5)],
  softplus: ({ draw }) => [draw.uniform(0.5, 2), draw.uniform(1, 20)],
  huber: ({ draw }) => [draw.uniform(0.3, 1.5), 0],
};

const anywhere: readonly UnaryName[] = [
  ...(["affine", "abs", "square", "sin", "cos", "erf", "sign", "floor", "step", "exp", "expm1"] as const),
  ...(["clamp", "relu", "leakyRelu", "elu", "gelu", "geluTanh", "silu", "tanh"] as const),
  ...(["sigmoid", "softplus", "huber"] as const),
];
const positiveOnly: readonly UnaryName[] = ["sqrt", "rsqrt", "reciprocal", "log", "log1p"];

/** x² + 0.4: any value made fit for roots, logarithms and quotients. */
const positive = (d: Drawing, x: AnyNode): AnyNode =>
  d.builder.affine(d.builder.unary("square", x), 1, Math.fround(0.4));

const apply = (d: Drawing, fn: UnaryName, x: AnyNode): AnyNode => {
  const [p, q] = (functionParameters[fn]?.(d) ?? [0, 0]).map(Math.fround) as [number, number];
  return d.builder.unary(fn, x, p, q);
};

const unary: Step = (d) => [apply(d, d.draw.pick(anywhere), d.any()!)];
const unaryPositive: Step = (d) => [apply(d, d.draw.pick(positiveOnly), positive(d, d.any()!))];

const divided: Step = (d) => {
  const x = d.any()!;
  const divisor = elementsOf(x.shape);
  const bessel = d.draw.flag(0.3);
  const attrs = { fn: "affine" as const, p: 1, q: 0, divisor, ...(bessel && { bessel }) };
  return [d.builder.add("unary", [x], attrs)];
};

/** A partner that broadcasts with x: another value, or a parameter with dimensions dropped and set to 1. */
function partner(d: Drawing, x: AnyNode): AnyNode {
  if (d.draw.flag(0.3)) return d.any((node) => String(node.shape) === String(x.shape)) ?? x;
  const from = d.draw.int(0, x.shape.length);
  const shape = x.shape
    .slice(from)
    .map((dim) => (typeof dim !== "number" || d.draw.flag(0.3) ? 1 : (dim as number)));
  return d.parameter(shape);
}

const binary: Step = (d) => {
  const fn = d.draw.pick<BinaryName>([
    ...(["add", "sub", "mul", "div", "max", "min", "equal", "greater", "prefers", "pow"] as const),
  ]);
  let a = d.any()!;
  let b = partner(d, a);
  if (fn === "div") b = positive(d, b);
  if (fn === "pow") {
    a = positive(d, a);
    b = d.builder.unary("tanh", b);
  }
  if ((fn === "add" || fn === "mul" || fn === "sub") && d.draw.flag()) [a, b] = [b, a];
  return [d.builder.binary(fn, a, b)];
};

const reduce: Step = (d) => {
  const x = d.any((node) => node.shape.length > 0);
  if (!x) return undefined;
  const from = d.draw.int(0, x.shape.length - 1);
  const to = d.draw.int(from, x.shape.length - 1);
  const fn = d.draw.pick<ReduceName>(["sum", "mean", "max", "min", "sumSquares", "sumAbs"]);
  return [d.builder.add("reduce", [x], { fn, from, to, keepDims: d.draw.flag() })];
};

/** [batch…, m, k]·[k, n] with a parameter on the right, in all four forms. */
const matmul: Step = (d) => {
  const transA = d.draw.flag();
  const x = d.any((node) => typeof node.shape.at(transA ? -2 : -1) === "number");
  if (!x || x.shape.length < 2) return undefined;
  const k = x.shape.at(transA ? -2 : -1) as number;
  const [n, transB] = [d.length(), d.draw.flag()];
  return [d.builder.matmul(x, d.parameter(transB ? [n, k] : [k, n], k ** -0.5), transA, transB)];
};

/** Both operands in batches: x·xᵀ or xᵀ·x through a second value of x's shape. */
const batchedMatmul: Step = (d) => {
  const x = d.any((node) => node.shape.length >= 2);
  if (!x) return undefined;
  const y = apply(d, "tanh", x);
  const form = d.draw.int(0, 2);
  if (form === 0) return [d.builder.matmul(x, y, false, true)];
  if (form === 1) return [d.builder.matmul(x, y, true, false)];
  const rank = x.shape.length;
  const swap = Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i));
  const turned = d.builder.transpose(y, swap);
  return [d.draw.flag() ? d.builder.matmul(x, turned) : d.builder.matmul(x, turned, true, true)];
};

const softmax: Step = (d) => {
  const x = d.any((node) => node.shape.length > 0);
  return x && [d.builder.add("softmax", [x], { log: d.draw.flag() })];
};

const crossEntropy: Step = (d) => {
  const x = d.any((node) => node.shape.length > 0 && typeof node.shape.at(-1) === "number");
  if (!x) return undefined;
  const labels = d.input(x.shape.slice(0, -1), "i32", () => d.draw.int(0, (x.shape.at(-1) as number) - 1));
  return [d.builder.add("softmaxCrossEntropy", [x, labels], {})];
};

const argMax: Step = (d) => {
  const x = d.any((node) => node.shape.length > 0);
  return x && [d.builder.add("argMax", [x], {})];
};

const gatherRows: Step = (d) => {
  const [rows, columns] = [d.draw.int(1, 6), d.length()];
  const shape: Shape = d.draw.flag() ? [N] : [N, d.draw.int(1, 4)];
  const ids = d.input(shape, "i32", () => d.draw.int(0, rows - 1));
  const found = d.builder.add("gatherRows", [d.parameter([rows, columns]), ids], {});
  return d.draw.flag(0.2) ? [found, d.builder.add("cast", [ids], { to: "f32" })] : [found];
};

const dropout: Step = (d) => [
  d.builder.add("dropout", [d.any()!], { rate: d.draw.uniform(0.05, 0.9), stream: d.draw.int(1, 2 ** 31) }),
];

const rnn: Step = (d) => {
  const { draw, builder: b } = d;
  const hidden = draw.int(1, 9);
  const time: Dim = draw.flag() ? T : draw.int(1, 5);
  const x = d.input([N, time, hidden], "f32", () => draw.normal());
  const [reverse, relu, hasH0] = [draw.flag(), draw.flag(), draw.flag()];
  // A backward run with lengths has no gradient for its first state (see autodiff/rules.ts).
  const hasLengths = !(reverse && hasH0) && draw.flag();
  const most = typeof time === "number" ? time : d.binding.time;
  const ins = [
    x,
    d.parameter([hidden, hidden], 0.8 * hidden ** -0.5),
    ...(hasH0 ? [d.input([N, hidden], "f32", () => draw.normal())] : []),
    ...(hasLengths ? [d.input([N], "i32", () => draw.int(1, most))] : []),
  ];
  const h = defined(b, rnnOp, ins, { reverse, relu, hasH0, hasLengths });
  if (draw.flag()) return [h];
  return [b.add("slice", [h], { axis: 1, start: reverse ? 0 : -1, length: 1 })];
};

const reshape: Step = (d) => {
  const x = d.any((node) => node.shape.length >= 2);
  if (!x) return undefined;
  const at = d.draw.int(0, x.shape.length - 2);
  const joined = multiplyDims(x.shape[at]!, x.shape[at + 1]!);
  return [d.builder.reshape(x, [...x.shape.slice(0, at), joined, ...x.shape.slice(at + 2)])];
};

const transpose: Step = (d) => {
  const x = d.any((node) => node.shape.length >= 2);
  if (!x) return undefined;
  const rest = x.shape.map((_, i) => i);
  const permutation: number[] = [];
  while (rest.length > 0) permutation.push(rest.splice(d.draw.int(0, rest.length - 1), 1)[0]!);
  return [d.builder.transpose(x, permutation)];
};

const expand: Step = (d) => {
  const x = d.any((node) => node.shape.length <= 3)!;
  const lead = d.draw.flag() ? [d.draw.int(1, 3)] : [];
  const shape = [...lead, ...x.shape.map((dim) => (dim === 1 ? d.draw.int(1, 4) : dim))];
  return [d.builder.expand(x, shape)];
};

/** An axis of known length at least `atLeast`. */
function fixedAxis(d: Drawing, x: AnyNode, atLeast: number): number | undefined {
  const axes = x.shape.flatMap((dim, i) => (typeof dim === "number" && dim >= atLeast ? [i] : []));
  return axes.length > 0 ? d.draw.pick(axes) : undefined;
}

const slice: Step = (d) => {
  const x = d.any()!;
  const axis = fixedAxis(d, x, 2);
  if (axis === undefined) return undefined;
  const size = x.shape[axis] as number;
  const length = d.draw.int(1, size - 1);
  const start = d.draw.int(0, size - length);
  return [d.builder.add("slice", [x], { axis, start: d.draw.flag(0.2) ? -length : start, length })];
};

const embedSlice: Step = (d) => {
  const x = d.any()!;
  const axis = fixedAxis(d, x, 1);
  if (axis === undefined) return undefined;
  const start = d.draw.int(0, 3);
  const size = (x.shape[axis] as number) + start + d.draw.int(0, 3);
  const shape = x.shape.map((dim, i) => (i === axis ? size : dim));
  return [d.builder.add("embedSlice", [x], { axis, start, shape })];
};

const concat: Step = (d) => {
  const x = d.any()!;
  const axis = fixedAxis(d, x, 1);
  if (axis === undefined) return undefined;
  const parts = [x, apply(d, "sin", x)];
  const size = d.draw.int(1, 3);
  if (x.shape.every((dim) => typeof dim === "number"))
    parts.push(d.parameter(x.shape.map((dim, i) => (i === axis ? size : (dim as number)))));
  return [d.builder.add("concat", parts, { axis })];
};

/** Common steps stand more than once. */
export const steps: readonly Step[] = [
  ...[unary, unary, unary, unary, unaryPositive, unaryPositive, divided],
  ...[binary, binary, binary, reduce, reduce, matmul, matmul, batchedMatmul],
  ...[softmax, crossEntropy, argMax, gatherRows, dropout, rnn],
  ...[reshape, transpose, expand, slice, embedSlice, concat],
];
