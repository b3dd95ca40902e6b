// Records of the ops that predicting with a plain dense network consists of: one row per op.
//
// Place: the table that prediction encodes with, until richer layers bring the rows of forward-encoders.ts.
// Invariant: every op of these rows has its kernel in assembly/tape/forward-kernels.ts, the general pack or a pack that
// its definition names.

import { Op, type UnaryFn } from "../abi.ts";
import { definitionOf } from "../graph/defined.ts";
import { f32Bits } from "../graph/float-bits.ts";
import type { AnyNode, Node, UnaryName } from "../graph/ops.ts";
import { bindDim, product } from "../shape.ts";
import { BINARY_CODES, DENSE_CODES } from "./codes.ts";
import { type Encoder, type EncoderTable, type EncodingContext, refuseOp } from "./encode.ts";
import { broadcastStrides, foldDims } from "./strides.ts";

const nothing = () => undefined;

/** Rows of softmax and of its gradient, which differ in their inputs alone. */
export function softmaxRows(op: Op, c: EncodingContext, node: Node<"softmax" | "softmaxGrad">, out: number) {
  const inputs = node.inputs.map((i) => c.at(i));
  c.emit(op, out, ...inputs, ...c.rowsAndColumns(node as AnyNode), node.attrs.log ? 1 : 0);
}

/** Records of unary functions, of those whose numbers are given. */
export const unaryWith =
  (codes: Partial<Readonly<Record<UnaryName, UnaryFn>>>): Encoder<"unary"> =>
  (c, node, out) => {
    const { fn, p, q, divisor, bessel } = node.attrs;
    const count = divisor === undefined ? 1 : bindDim(divisor, c.request.binding);
    const by = bessel ? (count > 1 ? (count - 1) / count : 1) : count;
    const code = codes[fn] ?? refuseOp(node as AnyNode);
    const [x, n] = [c.at(node.inputs[0]!), c.count(node as AnyNode)];
    c.emit(Op.Unary, out, x, n, code, f32Bits(p / by), f32Bits(q / by));
  };

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

export const DENSE_ENCODERS = {
  input: nothing,
  parameter: nothing,
  state: nothing,
  constant: nothing,
  fill: nothing,
  reshape: nothing,
  unary: /* @__PURE__ */ unaryWith(DENSE_CODES),
  binary: (c, node, out) => {
    const dims = c.dims(node as AnyNode);
    const [a, b] = [c.input(node as AnyNode, 0), c.input(node as AnyNode, 1)];
    const operands = [broadcastStrides(c.dims(a), dims), broadcastStrides(c.dims(b), dims)];
    const folded = foldDims(dims, operands, 5);
    const fn = BINARY_CODES[node.attrs.fn];
    c.emit(Op.Binary, out, c.at(a.id), c.at(b.id), fn, ...folded.dims, ...folded.strides.flat());
  },
  matmul,
  softmax: (c, node, out) => softmaxRows(Op.Softmax, c, node, out),
  defined: (c, node, out) => definitionOf(node).encode(c, node as AnyNode, out, node.attrs.attrs),
  guard: (c, node) => {
    const values = node.inputs.flatMap((i) => [c.at(i), c.count(c.nodes[i]!)]);
    c.emit(Op.Guard, values.length / 2, ...values);
  },
} satisfies EncoderTable;

let known: EncoderTable = DENSE_ENCODERS;

/** Brings the rows of richer layers. */
export const useEncoders = (rows: EncoderTable): void => {
  known = { ...known, ...rows };
};

/** What prediction encodes with. */
export const predictionEncoders = (): EncoderTable => known;
