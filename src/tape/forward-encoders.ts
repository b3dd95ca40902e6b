// Records of the ops that a forward pass consists of: one row per op.
//
// Place: the table that prediction encodes with; training adds its own rows to it (training-encoders.ts).
// Invariant: every op of these rows has its kernel in assembly/tape/forward-kernels.ts, the general pack or a pack that
// its definition names.

import { BinaryFn, DType, Op, ReduceFn } from "../abi.ts";
import { definitionOf } from "../graph/defined.ts";
import type { AnyNode, DTypeName, Node } from "../graph/ops.ts";
import { bindDim, product } from "../shape.ts";
import { BINARY_CODES, REDUCE_CODES, UNARY_CODES } from "./codes.ts";
import type { Encoder, EncoderTable, EncodingContext } from "./encode.ts";
import { broadcastStrides, foldDims, rowMajor } from "./strides.ts";
import { f32Bits } from "./writer.ts";

const DTYPES: Record<DTypeName, DType> = { f32: DType.F32, i32: DType.I32, u8: DType.U8 };

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

const nothing = () => undefined;

/** Rows of softmax and of its gradient, which differ in their inputs alone. */
export function softmaxRows(op: Op, c: EncodingContext, node: Node<"softmax" | "softmaxGrad">, out: number) {
  const inputs = node.inputs.map((i) => c.at(i));
  c.emit(op, out, ...inputs, ...c.rowsAndColumns(node as AnyNode), node.attrs.log ? 1 : 0);
}

const matmul: Encoder<"matmul"> = (c, node, out) => {
  const { transA, transB } = node.attrs;
  const value = node as AnyNode;
  const [a, b] = [c.input(value, 0), c.input(value, 1)];
  const [da, db, dc] = [c.dims(a), c.dims(b), c.dims(value)];
  const [lda, ldb, ldc] = [da.at(-1)!, db.at(-1)!, dc.at(-1)!];
  const [n, k] = [ldc, transA ? da.at(-2)! : lda];
  let m = dc.at(-2)!;
  let batch = product(dc.slice(0, -2));
  // One matrix for the whole batch: the rows of all samples form one product.
  if (db.length === 2 && !transA) {
    m *= batch;
    batch = 1;
  }
  const strideA = da.at(-2)! * lda;
  const strideB = db.length === 2 ? 0 : db.at(-2)! * ldb;
  const flags = [transA ? 1 : 0, transB ? 1 : 0, 0];
  const strides = [batch, strideA, strideB, dc.at(-2)! * ldc];
  const { scratch } = c.request.plan;
  c.emit(Op.Gemm, out, c.at(a.id), c.at(b.id), m, n, k, lda, ldb, ldc, ...flags, ...strides, scratch);
};

export const FORWARD_ENCODERS = {
  input: (c, node, out) => {
    const staged = c.request.staged?.get(node.attrs.name);
    if (!staged) return;
    const dims = c.dims(node as AnyNode);
    const columns = product(dims.slice(1));
    const types = [DTYPES[staged.dtype], DTYPES[node.dtype]];
    c.emit(Op.GatherRows, out, staged.address, 0, dims[0]!, columns, staged.rows, ...types);
  },
  parameter: nothing,
  state: nothing,
  constant: nothing,
  fill: nothing,
  reshape: nothing,
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
  unary: (c, node, out) => {
    const { fn, p, q, divisor, bessel } = node.attrs;
    const count = divisor === undefined ? 1 : bindDim(divisor, c.request.binding);
    const by = bessel ? (count > 1 ? (count - 1) / count : 1) : count;
    const code = UNARY_CODES[fn];
    const [x, n] = [c.at(node.inputs[0]!), c.count(node as AnyNode)];
    c.emit(Op.Unary, out, x, n, code, f32Bits(p / by), f32Bits(q / by));
  },
  binary: (c, node, out) => {
    const dims = c.dims(node as AnyNode);
    const [a, b] = [c.input(node as AnyNode, 0), c.input(node as AnyNode, 1)];
    const operands = [broadcastStrides(c.dims(a), dims), broadcastStrides(c.dims(b), dims)];
    const folded = foldDims(dims, operands, 5);
    const fn = BINARY_CODES[node.attrs.fn];
    c.emit(Op.Binary, out, c.at(a.id), c.at(b.id), fn, ...folded.dims, ...folded.strides.flat());
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
  matmul,
  softmax: (c, node, out) => softmaxRows(Op.Softmax, c, node, out),
  gatherRows: (c, node, out) => {
    const [table, ids] = [c.input(node as AnyNode, 0), c.input(node as AnyNode, 1)];
    const [tableRows, columns] = c.dims(table) as [number, number];
    const shape = [c.count(ids), columns, tableRows];
    c.emit(Op.GatherRows, out, c.at(table.id), c.at(ids.id), ...shape, DType.F32, DType.F32);
  },
  defined: (c, node, out) => definitionOf(node).encode(c, node as AnyNode, out, node.attrs.attrs),
  guard: (c, node) => {
    const values = node.inputs.flatMap((i) => [c.at(i), c.count(c.nodes[i]!)]);
    c.emit(Op.Guard, values.length / 2, ...values);
  },
} satisfies EncoderTable;
