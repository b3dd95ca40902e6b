// PyTorch's conventions written in primitive ops: matmul of any rank, reductions over lists of axes, slices with steps.
//
// Place: shared by the op tables. Invariant: only GraphBuilder is used, so every number comes from the engine.

import type { GraphBuilder } from "../../src/graph/builder.ts";
import type { AnyNode, ReduceName } from "../../src/graph/ops.ts";
import { type Layer, SemanticBuilder } from "../../src/graph/semantic.ts";
import { layerDefinition, useLayers } from "../../src/layers/definition.ts";
import { allLayers } from "../../src/layers/registry.ts";
import { broadcastShapes, product } from "../../src/shape.ts";
import { Missing } from "./cases.ts";

useLayers(allLayers);

/** The shape of a node whose dimensions are all numbers, as in every op case. */
export const dimsOf = (x: AnyNode): number[] => x.shape as number[];

export const axisOf = (x: AnyNode, axis: number): number => (axis < 0 ? axis + x.shape.length : axis);

/** A layer without parameters, applied to a value by its own lowering. */
export function applyLayer(b: GraphBuilder, layer: Layer, x: AnyNode): AnyNode {
  const semantic = new SemanticBuilder();
  layer(semantic.input({ name: "x", shape: [], dtype: "f32" }));
  const { op, version, options } = semantic.layers[0]!;
  const none = (): never => {
    throw new Error(`${op} asked for a tensor or a stream`);
  };
  const context = { builder: b, mode: "train" as const, layer: op, lengths: undefined };
  return layerDefinition(op, version, "0").lower(
    { ...context, parameter: none, state: none, updateState: none, stream: none },
    [x],
    options,
  );
}

export function unsqueeze(b: GraphBuilder, x: AnyNode, axis: number): AnyNode {
  const at = axis < 0 ? axis + x.shape.length + 1 : axis;
  return b.reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

/** Swaps two axes. */
export function swapAxes(b: GraphBuilder, x: AnyNode, p: number, q: number): AnyNode {
  if (x.shape.length === 0) return x;
  const axes = x.shape.map((_, i) => i);
  const [from, to] = [axisOf(x, p), axisOf(x, q)];
  axes[from] = to;
  axes[to] = from;
  return b.transpose(x, axes);
}

/** NumPy's and PyTorch's matmul: vectors, matrices, and batches that broadcast. */
export function matmulAnyRank(b: GraphBuilder, x: AnyNode, y: AnyNode): AnyNode {
  const left = x.shape.length === 1 ? unsqueeze(b, x, 0) : x;
  const right = y.shape.length === 1 ? unsqueeze(b, y, 1) : y;
  const batch = broadcastShapes(left.shape.slice(0, -2), right.shape.slice(0, -2));
  if (!batch) throw new Error("matmul: batches do not broadcast");
  const p = b.expand(left, [...batch, ...left.shape.slice(-2)]);
  const q = right.shape.length === 2 ? right : b.expand(right, [...batch, ...right.shape.slice(-2)]);
  const full = b.matmul(p, q);
  const shape = [...dimsOf(full)];
  if (y.shape.length === 1) shape.splice(-1, 1);
  return b.reshape(full, x.shape.length === 1 ? shape.filter((_, i) => i !== batch.length) : shape);
}

const asList = (dim: unknown, rank: number): number[] => {
  if (dim === null || dim === undefined) return Array.from({ length: rank }, (_, i) => i);
  const axes = Array.isArray(dim) ? (dim as number[]) : [dim as number];
  return axes.length === 0
    ? Array.from({ length: rank }, (_, i) => i)
    : axes.map((d) => (d < 0 ? d + rank : d));
};

/** A reduction over one axis, a list of them, or all (null). */
export function reduceOver(
  b: GraphBuilder,
  fn: ReduceName,
  x: AnyNode,
  dim: unknown,
  keepDims: boolean,
): AnyNode {
  if (x.shape.length === 0) return x;
  return b.reduce(fn, x, asList(dim, x.shape.length), keepDims);
}

/** Σ (x − mean)² / (n − correction) */
export function variance(
  b: GraphBuilder,
  x: AnyNode,
  dim: unknown,
  keepDims: boolean,
  correction: number,
): AnyNode {
  const axes = asList(dim, x.shape.length);
  const n = product(axes.map((axis) => dimsOf(x)[axis]!));
  const centred = b.sub(x, b.reduce("mean", x, axes, true));
  return b.affine(b.reduce("mean", b.unary("square", centred), axes, keepDims), n / (n - correction));
}

/** log Σ eˣ, shifted by the largest value. */
export function logSumExp(b: GraphBuilder, x: AnyNode, dim: unknown, keepDims: boolean): AnyNode {
  if (x.shape.length === 0) return x;
  const top = reduceOver(b, "max", x, dim, true);
  const sum = reduceOver(b, "sum", b.unary("exp", b.sub(x, top)), dim, true);
  const kept = b.addUp(b.unary("log", sum), top);
  const axes = asList(dim, x.shape.length);
  return keepDims
    ? kept
    : b.reshape(
        kept,
        x.shape.filter((_, i) => !axes.includes(i)),
      );
}

/** condition ? x : y, with a condition of 0 and 1 */
export const where = (b: GraphBuilder, condition: AnyNode, x: AnyNode, y: AnyNode): AnyNode =>
  b.addUp(b.mul(condition, x), b.mul(b.affine(condition, -1, 1), y));

/** Rows of an axis by number; a repeated number repeats the row. */
export function indexSelect(b: GraphBuilder, x: AnyNode, axis: number, ids: AnyNode): AnyNode {
  if (x.shape.length === 0) return b.reshape(indexSelect(b, b.reshape(x, [1]), 0, ids), []);
  const at = axisOf(x, axis);
  const front = swapAxes(b, x, 0, at);
  const rest = dimsOf(front).slice(1);
  const table = b.reshape(front, [dimsOf(front)[0]!, product(rest)]);
  const found = b.add("gatherRows", [table, ids], {});
  return swapAxes(b, b.reshape(found, [product(dimsOf(ids)), ...rest]), 0, at);
}

/** `value` before and after x along an axis. */
export function padAxis(
  b: GraphBuilder,
  x: AnyNode,
  axis: number,
  before: number,
  after: number,
  value = 0,
): AnyNode {
  if (before < 0 || after < 0) throw new Missing("op", "pad with negative counts");
  const shape = dimsOf(x).map((d, i) => (i === axis ? before + d + after : d));
  const shifted = value === 0 ? x : b.affine(x, 1, -value);
  const wide = b.add("embedSlice", [shifted], { axis, start: before, shape });
  return value === 0 ? wide : b.affine(wide, 1, value);
}

/** x[start : stop : step] of an axis: whole groups of `step`, then the first of each. */
export function stridedSlice(
  b: GraphBuilder,
  x: AnyNode,
  axis: number,
  start: number,
  stop: number,
  step: number,
): AnyNode {
  const count = Math.ceil((stop - start) / step);
  const missing = Math.max(0, start + count * step - dimsOf(x)[axis]!);
  const whole = missing > 0 ? padAxis(b, x, axis, 0, missing) : x;
  const part = b.add("slice", [whole], { axis, start, length: count * step });
  if (step === 1) return part;
  const dims = dimsOf(part);
  const grouped = b.reshape(part, [...dims.slice(0, axis), count, step, ...dims.slice(axis + 1)]);
  const first = b.add("slice", [grouped], { axis: axis + 1, start: 0, length: 1 });
  return b.reshape(first, [...dims.slice(0, axis), count, ...dims.slice(axis + 1)]);
}
