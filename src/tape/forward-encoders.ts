// Records of the ops that a forward pass of any network consists of: those of dense-encoders.ts and more.
//
// Place: prediction encodes with them where richer layers are known; training adds its own rows (training-encoders.ts).
// Invariant: every op of these rows has its kernel in assembly/tape/forward-kernels.ts, the general pack or a pack that
// its definition names.

import { BinaryFn, DType, Op, ReduceFn } from "../abi.ts";
import type { AnyNode, DTypeName } from "../graph/ops.ts";
import { product } from "../shape.ts";
import { REDUCE_CODES, UNARY_CODES } from "./codes.ts";
import { DENSE_ENCODERS, unaryWith } from "./dense-encoders.ts";
import type { EncoderTable, EncodingContext } from "./encode.ts";
import { broadcastStrides, foldDims, rowMajor } from "./strides.ts";

export const DTYPES: Record<DTypeName, DType> = { f32: DType.F32, i32: DType.I32, u8: DType.U8 };

export function copy(
  c: EncodingContext,
  out: number,
  outStrides: number[],
  a: number,
  aStrides: number[],
  dims: number[],
) {
  const folded = foldDims(dims, [outStrides, aStrides], 6);
  c.emit(Op.Copy, out, a, ...folded.dims, ...folded.strides[0]!, ...folded.strides[1]!, 0);
}

/** dims, strides and element offset of the part of a row-major tensor from `start` on along `axis`. */
export function part(c: EncodingContext, whole: AnyNode, axis: number, start: number) {
  const strides = rowMajor(c.dims(whole));
  const from = start < 0 ? start + c.dims(whole)[axis]! : start;
  return { strides, offset: 4 * from * strides[axis]! };
}

const richer = {
  unary: unaryWith(UNARY_CODES),
  transpose: (c, node, out) => {
    const x = c.input(node as AnyNode, 0);
    const from = rowMajor(c.dims(x));
    const dims = c.dims(node as AnyNode);
    copy(
      c,
      out,
      rowMajor(dims),
      c.at(x.id),
      node.attrs.permutation.map((p) => from[p]!),
      dims,
    );
  },
  expand: (c, node, out) => {
    const x = c.input(node as AnyNode, 0);
    const dims = c.dims(node as AnyNode);
    const strides = broadcastStrides(c.dims(x), dims);
    // The larger of x and x is x, and every core has it; it has no sixth dimension, and other types no order.
    const {
      dims: ds,
      strides: [s],
    } = foldDims(dims, [strides], 6);
    if (node.dtype !== "f32" || ds[0] !== 1) copy(c, out, rowMajor(dims), c.at(x.id), strides, dims);
    else {
      const step = s!.slice(1);
      c.emit(Op.Binary, out, c.at(x.id), c.at(x.id), BinaryFn.Max, ...ds.slice(1), ...step, ...step);
    }
  },
  slice: (c, node, out) => {
    const x = c.input(node as AnyNode, 0);
    const from = part(c, x, node.attrs.axis, node.attrs.start);
    const dims = c.dims(node as AnyNode);
    copy(c, out, rowMajor(dims), c.at(x.id) + from.offset, from.strides, dims);
  },
  concat: (c, node, out) => {
    let start = 0;
    node.inputs.forEach((_, i) => {
      const x = c.input(node as AnyNode, i);
      const dims = c.dims(x);
      const into = part(c, node as AnyNode, node.attrs.axis, start);
      copy(c, out + into.offset, into.strides, c.at(x.id), rowMajor(dims), dims);
      start += dims[node.attrs.axis]!;
    });
  },
  cast: (c, node, out) => {
    const x = c.input(node as AnyNode, 0);
    c.emit(Op.Cast, out, c.at(x.id), c.count(node as AnyNode), DTYPES[x.dtype], DTYPES[node.dtype]);
  },
  reduce: (c, node, out) => {
    const { from, to, fn } = node.attrs;
    const x = c.input(node as AnyNode, 0);
    const dims = c.dims(x);
    const sizes = [dims.slice(0, from), dims.slice(from, to + 1), dims.slice(to + 1)].map(product);
    const code = REDUCE_CODES[fn];
    const run = code >= ReduceFn.ColumnSquares && sizes[2] === 1;
    c.emit(Op.Reduce, out, c.at(x.id), run ? code - 2 : code, ...sizes);
  },
  gatherRows: (c, node, out) => {
    const [table, ids] = [c.input(node as AnyNode, 0), c.input(node as AnyNode, 1)];
    const [tableRows, columns] = c.dims(table) as [number, number];
    const shape = [c.count(ids), columns, tableRows];
    c.emit(Op.GatherRows, out, c.at(table.id), c.at(ids.id), ...shape, DType.F32, DType.F32);
  },
} satisfies EncoderTable;

/** All that a forward pass may consist of. */
export const FORWARD_ENCODERS = /* @__PURE__ */ (() => ({
  ...DENSE_ENCODERS,
  ...richer,
}))();
