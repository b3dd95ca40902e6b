// The primitive operations: their attributes, and the shape each gives.
//
// Place: vocabulary of the primitive graph. Layers, losses, metrics and autodiff are written in these ops only;
// the reference interpreter in the tests gives the meaning of each in a line or two.
// Invariant: an op's shape is a function of its inputs' shapes and its attributes, never of the batch size bound later.

import { ShapeError } from "../errors.ts";
import {
  broadcastShapes,
  type Dim,
  elementsOf,
  formatShape,
  type Shape,
  sameDim,
  sameShape,
} from "../shape.ts";
import type { ActivationName, BinaryName, UnaryName } from "./functions.ts";
import type { FusedGradient, UpdateRule } from "./update-rule.ts";

export type { ActivationName, BinaryName, UnaryName } from "./functions.ts";
export type { FusedGradient, Instruction, UpdateRule } from "./update-rule.ts";

export type DTypeName = "f32" | "i32" | "u8";

export type ReduceName = "sum" | "mean" | "max" | "min" | "sumSquares" | "sumAbs";

/** What a model reads from outside at each step. */
export type InputRole = "x" | "y" | "lengths" | "sampleWeights";

/** Attributes of every op. Inputs are named in the comment. */
export interface OpAttrs {
  /** () → batch data, written by the host or gathered from staged rows */
  input: { name: string; role: InputRole; shape: Shape; dtype: DTypeName };
  /** () → trainable tensor */
  parameter: { name: string; shape: Shape };
  /** () → tensor that is saved but not trained (running statistics) */
  state: { name: string; shape: Shape };
  /** () → fixed numbers */
  constant: { shape: readonly number[]; data: readonly number[] };
  /** () → one number everywhere */
  fill: { shape: Shape; value: number };
  /** (x) → same elements, other shape; never a copy */
  reshape: { shape: Shape };
  /** (x) */
  transpose: { permutation: readonly number[] };
  /** (x) → broadcast by NumPy's rule */
  expand: { shape: Shape };
  /** (x) → elements start … start + length of an axis; a negative start counts from the end */
  slice: { axis: number; start: number; length: Dim };
  /** (x) → zeros of the given shape with x at `start` of an axis: the gradient of slice */
  embedSlice: { axis: number; start: number; shape: Shape };
  /** (x, y, …) */
  concat: { axis: number };
  /** (x) */
  cast: { to: DTypeName };
  /**
   * (x) → f(x); affine: (p·x + q) / divisor, or with `bessel` (p·x + q) · n / (n − 1) for n = divisor > 1;
   * clamp with `open`: no gradient at the two ends either
   */
  unary: { fn: UnaryName; p: number; q: number; divisor?: Dim; bessel?: boolean; open?: boolean };
  /** (saved, dy) → f′·dy; saved is y for tanh, sigmoid, relu, else x */
  unaryGrad: { fn: ActivationName; p: number; q: number };
  /** (a, b) with broadcasting */
  binary: { fn: BinaryName };
  /** (x) over the adjacent axes from … to (inclusive) */
  reduce: { fn: ReduceName; from: number; to: number; keepDims: boolean };
  /** (a, b): [batch…, m, k] · [batch…, k, n], or b without batch axes; a flag says that the last two are swapped */
  matmul: { transA: boolean; transB: boolean };
  /** (x) over the last axis */
  softmax: { log: boolean };
  /** (y, dy) */
  softmaxGrad: { log: boolean };
  /** (logits [rows…, C], labels i32 [rows…]) → [rows…] */
  softmaxCrossEntropy: Record<never, never>;
  /** (logits, labels, dRows) → dLogits */
  softmaxCrossEntropyGrad: Record<never, never>;
  /** (x) → index of the first largest over the last axis, as f32 */
  argMax: Record<never, never>;
  /** (table [R, C], ids i32 [rows…]) → [rows…, C] */
  gatherRows: Record<never, never>;
  /** (dy [rows…, C], ids) → [R, C]: adds up rows, the gradient of gatherRows */
  scatterAddRows: { tableRows: number };
  /** (x); the mask is a function of seed, step, stream and element index, so the gradient is the same op on dy */
  dropout: { rate: number; stream: number };
  /** (…) → what the definition says: an op outside this vocabulary (see defined.ts) */
  defined: { definition: InferringOp; attrs: never };

  // Effects: what a training step does beside computing values. They come last.
  /** (scalar) → written to column `slot` of the report */
  report: { slot: number };
  /**
   * (values…): fails the step if one of them, or with `gradients` any gradient, is not finite. The last 2·`products`
   * values are pairs whose product over the batch must be bounded: gradients that the update computes itself.
   */
  guard: { gradients: boolean; products?: number };
  /** (): scales all gradients so that their joint 2-norm (with `each`: that of every one) is at most `limit` */
  clipByNorm: { limit: number; norm?: 1 | "max"; each?: boolean };
  /** (): clamps every gradient to ±limit */
  clipByValue: { limit: number };
  /** (value): becomes the new value of a state tensor */
  assign: { state: string };
  /** (): what follows happens in one step of n, in the others the step ends here */
  every: { n: number };
  /**
   * (a, b for each of `fused`): updates the parameters of a group (-1: of all) from their gradients. `column` is that of
   * its rate, default 0; `later` updates of a step do not count it again.
   */
  update: {
    rule: UpdateRule;
    group: number;
    column?: number;
    later?: boolean;
    fused?: readonly FusedGradient[];
  };
  /** (): scales each column of a parameter [..., columns] so that its 2-norm is at most `limit` */
  constrain: { parameter: string; columns: number; limit: number };
}

/** As much of an OpDefinition as this file needs. */
export interface InferringOp {
  readonly name: string;
  infer(attrs: never, inputs: readonly AnyNode[]): Inferred;
}

export type OpName = keyof OpAttrs;

/** A value of the graph and the op that makes it. `id` is its position; inputs come before it. */
export interface Node<K extends OpName = OpName> {
  readonly id: number;
  readonly op: K;
  readonly inputs: readonly number[];
  readonly attrs: Readonly<OpAttrs[K]>;
  readonly shape: Shape;
  readonly dtype: DTypeName;
  /** Path of the layer that asked for it, for messages and the source map. */
  readonly layer: string;
}

/** A node with its op as discriminant, so that `switch (node.op)` narrows its attributes. */
export type AnyNode = { [K in OpName]: Node<K> }[OpName];

export interface Inferred {
  shape: Shape;
  dtype: DTypeName;
}

const f32 = (shape: Shape): Inferred => ({ shape, dtype: "f32" });
const none: Inferred = { shape: [], dtype: "f32" };
const like = (_: unknown, [x]: readonly AnyNode[]): Inferred => ({ shape: x!.shape, dtype: x!.dtype });

function refuse(op: string, why: string, inputs: readonly AnyNode[]): never {
  const shapes = inputs.map((n) => formatShape(n.shape)).join(" and ");
  throw new ShapeError("shape/mismatch", `${op}: ${why}, got ${shapes}`, { op });
}

type InferRule<K extends OpName> = (attrs: OpAttrs[K], inputs: readonly AnyNode[]) => Inferred;

/** Shape and type of each op's result. */
export const infer: { readonly [K in OpName]: InferRule<K> } = {
  input: (a) => ({ shape: a.shape, dtype: a.dtype }),
  parameter: (a) => f32(a.shape),
  state: (a) => f32(a.shape),
  constant: (a) => f32(a.shape),
  fill: (a) => f32(a.shape),
  reshape: (a, ins) => {
    const [x] = ins as [AnyNode];
    if (!sameDim(elementsOf(x.shape), elementsOf(a.shape)))
      refuse("reshape", `${formatShape(a.shape)} has another number of elements`, ins);
    return { shape: a.shape, dtype: x.dtype };
  },
  transpose: (a, ins) => {
    const [x] = ins as [AnyNode];
    return { shape: a.permutation.map((i) => x.shape[i] as Dim), dtype: x.dtype };
  },
  expand: (a, ins) => {
    const [x] = ins as [AnyNode];
    const joint = broadcastShapes(x.shape, a.shape);
    if (!joint || !sameShape(joint, a.shape)) refuse("expand", `cannot become ${formatShape(a.shape)}`, ins);
    return { shape: a.shape, dtype: x.dtype };
  },
  slice: (a, ins) => {
    const [x] = ins as [AnyNode];
    return { shape: x.shape.map((d, i) => (i === a.axis ? a.length : d)), dtype: x.dtype };
  },
  embedSlice: (a) => f32(a.shape),
  concat: (a, ins) => {
    const [x] = ins as [AnyNode];
    const dims = ins.map((n) => n.shape[a.axis]);
    const fits = ins.every(
      (n) =>
        n.shape.length === x.shape.length && n.shape.every((d, i) => i === a.axis || sameDim(d, x.shape[i]!)),
    );
    if (!fits || dims.some((d) => typeof d !== "number"))
      refuse("concat", `shapes must agree but for axis ${a.axis}`, ins);
    const total = (dims as number[]).reduce((p, q) => p + q, 0);
    return { shape: x.shape.map((d, i) => (i === a.axis ? total : d)), dtype: x.dtype };
  },
  cast: (a, ins) => ({ shape: ins[0]!.shape, dtype: a.to }),
  unary: like,
  unaryGrad: like,
  binary: (a, ins) => {
    const [x, y] = ins as [AnyNode, AnyNode];
    const shape = broadcastShapes(x.shape, y.shape);
    if (!shape) refuse(a.fn, "shapes do not broadcast", ins);
    return f32(shape);
  },
  reduce: (a, ins) => {
    const [x] = ins as [AnyNode];
    const shape = a.keepDims
      ? x.shape.map((d, i) => (i >= a.from && i <= a.to ? 1 : d))
      : x.shape.filter((_, i) => i < a.from || i > a.to);
    return f32(shape);
  },
  matmul: (a, ins) => {
    const [x, y] = ins as [AnyNode, AnyNode];
    if (x.shape.length < 2 || y.shape.length < 2) refuse("matmul", "expected two matrices", ins);
    const [m, k] = lastTwo(x.shape, a.transA);
    const [k2, n] = lastTwo(y.shape, a.transB);
    const batch = x.shape.slice(0, -2);
    if (!sameDim(k, k2)) refuse("matmul", "inner dimensions differ", ins);
    if (y.shape.length > 2 && !sameShape(batch, y.shape.slice(0, -2)))
      refuse("matmul", "batch dimensions differ", ins);
    return f32([...batch, m, n]);
  },
  softmax: like,
  softmaxGrad: like,
  softmaxCrossEntropy: (_, ins) => {
    const [x, labels] = ins as [AnyNode, AnyNode];
    if (!sameShape(x.shape.slice(0, -1), labels.shape) || labels.dtype !== "i32")
      refuse("softmaxCrossEntropy", "expected logits [rows, classes] and integer labels [rows]", ins);
    return f32(labels.shape);
  },
  softmaxCrossEntropyGrad: like,
  argMax: (_, ins) => f32(ins[0]!.shape.slice(0, -1)),
  gatherRows: (_, ins) => {
    const [table, ids] = ins as [AnyNode, AnyNode];
    if (table.shape.length !== 2 || ids.dtype !== "i32")
      refuse("gatherRows", "expected a table [rows, columns] and integer ids", ins);
    return f32([...ids.shape, table.shape[1]!]);
  },
  scatterAddRows: (a, ins) => f32([a.tableRows, ins[0]!.shape.at(-1)!]),
  dropout: like,
  defined: (a, ins) => a.definition.infer(a.attrs, ins),
  report: () => none,
  guard: () => none,
  clipByNorm: () => none,
  clipByValue: () => none,
  assign: () => none,
  every: () => none,
  update: () => none,
  constrain: () => none,
};

/** The last two dimensions as [rows, columns] of the operand after its optional transposition. */
export function lastTwo(shape: Shape, transposed: boolean): [Dim, Dim] {
  const [p, q] = [shape.at(-2)!, shape.at(-1)!];
  return transposed ? [q, p] : [p, q];
}

/** Number of elements that a reduction sums for each result. */
export const reducedElements = (node: Node<"reduce">, x: AnyNode): Dim =>
  elementsOf(x.shape.slice(node.attrs.from, node.attrs.to + 1));
