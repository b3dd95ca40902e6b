// Turns scheduled nodes into records: one row per op.
//
// Place: plan → tape. Reads addresses and bound shapes, decides nothing else.
// Invariant: record sizes do not depend on the batch size or on addresses, so every tape of a graph is equally long.

import { DType, Op, UnaryFn } from "../abi.ts";
import type { Graph } from "../graph/builder.ts";
import type { AnyNode, DTypeName, Node, OpName } from "../graph/ops.ts";
import type { GraphPlan, MemoryPlan } from "../plan/plan.ts";
import { type Binding, bindDim, bindShape, product } from "../shape.ts";
import { ACTIVATION_CODES, BINARY_CODES, REDUCE_CODES, UNARY_CODES } from "./codes.ts";
import { broadcastStrides, foldDims, rowMajor } from "./strides.ts";
import { emitClip, emitUpdate } from "./update.ts";
import { f32Bits, type SourceEntry, TapeWriter } from "./writer.ts";

export interface EncodeRequest {
  readonly plan: MemoryPlan;
  readonly graph: GraphPlan;
  readonly binding: Binding;
  /** Rows by which End advances the cursor. */
  readonly rows: number;
  /** Inputs fetched from staged data: name → where the staged tensor stands and its element type. */
  readonly staged?: ReadonlyMap<string, { address: number; dtype: DTypeName; rows: number }>;
  /** Leaves out nodes, for a tape that stops before the update. */
  readonly keep?: (node: AnyNode) => boolean;
  /** Leaves the gradients out that the update computes itself. */
  readonly fuse?: boolean;
  /** Follows each record with a check of its result, to find the first bad one. */
  readonly probe?: boolean;
}

export interface Tape {
  readonly words: Uint32Array;
  /** Ascending offsets with the node each record belongs to; −1 for records of no node. */
  readonly source: readonly SourceEntry[];
}

class Context {
  readonly writer = new TapeWriter();
  constructor(
    readonly request: EncodeRequest,
    readonly nodes: Graph["nodes"],
  ) {}
  at(id: number): number {
    return this.request.graph.addresses.get(id)!;
  }
  input(node: AnyNode, i: number): AnyNode {
    return this.nodes[node.inputs[i]!]!;
  }
  dims(node: AnyNode): number[] {
    return bindShape(node.shape, this.request.binding);
  }
  count(node: AnyNode): number {
    return product(this.dims(node));
  }
  emit(op: Op, ...fields: number[]): void {
    this.writer.record(op, fields);
  }
  /** [all leading, last] of a shape. */
  rowsAndColumns(node: AnyNode): [number, number] {
    const dims = this.dims(node);
    return [product(dims.slice(0, -1)), dims.at(-1) ?? 1];
  }
}

const DTYPES: Record<DTypeName, DType> = { f32: DType.F32, i32: DType.I32, u8: DType.U8 };

function copy(c: Context, out: number, outStrides: number[], a: number, aStrides: number[], dims: number[]) {
  const folded = foldDims(dims, [outStrides, aStrides], 6);
  c.emit(Op.Copy, out, a, ...folded.dims, ...folded.strides[0]!, ...folded.strides[1]!, 0);
}

/** dims, strides and element offset of the part of a row-major tensor from `start` on along `axis`. */
function part(c: Context, whole: AnyNode, axis: number, start: number) {
  const strides = rowMajor(c.dims(whole));
  const from = start < 0 ? start + c.dims(whole)[axis]! : start;
  return { strides, offset: 4 * from * strides[axis]! };
}

type Encoder<K extends OpName> = (c: Context, node: Node<K>, out: number) => void;

const nothing = () => undefined;

const softmaxRows =
  (op: Op): Encoder<"softmax" | "softmaxGrad"> =>
  (c, node, out) =>
    c.emit(
      op,
      out,
      ...node.inputs.map((i) => c.at(i)),
      ...c.rowsAndColumns(node as AnyNode),
      node.attrs.log ? 1 : 0,
    );

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

const update: Encoder<"update"> = (c, node) => {
  const { rule, group, fused = [] } = node.attrs;
  const { layout } = c.request.plan;
  emitUpdate(c.emit.bind(c), rule, group, layout);
  if (!c.request.fuse) return;
  fused.forEach(({ parameter }, i) => {
    const [a, b] = [c.input(node as AnyNode, 2 * i), c.input(node as AnyNode, 2 * i + 1)];
    const [m, n] = [c.dims(a).at(-1)!, c.dims(b).at(-1)!];
    c.emit(Op.OuterSgd, layout.parameters.get(parameter)!.address, c.at(a.id), c.at(b.id), m, n, group);
  });
};

const encoders: { readonly [K in OpName]: Encoder<K> } = {
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
    copy(c, out, rowMajor(dims), c.at(x.id), broadcastStrides(c.dims(x), dims), dims);
  },
  slice: (c, node, out) => {
    const x = c.input(node as AnyNode, 0);
    const from = part(c, x, node.attrs.axis, node.attrs.start);
    const dims = c.dims(node as AnyNode);
    copy(c, out, rowMajor(dims), c.at(x.id) + from.offset, from.strides, dims);
  },
  embedSlice: (c, node, out) => {
    const x = c.input(node as AnyNode, 0);
    const into = part(c, node as AnyNode, node.attrs.axis, node.attrs.start);
    const dims = c.dims(x);
    c.emit(Op.Fill, out, c.count(node as AnyNode), 0);
    copy(c, out + into.offset, into.strides, c.at(x.id), rowMajor(dims), dims);
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
  unaryGrad: (c, node, out) => {
    const [saved, dy] = node.inputs.map((i) => c.at(i)) as [number, number];
    const { fn, p, q } = node.attrs;
    const n = c.count(node as AnyNode);
    c.emit(Op.UnaryGrad, out, saved, dy, n, ACTIVATION_CODES[fn], f32Bits(p), f32Bits(q));
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
    c.emit(Op.Reduce, out, c.at(x.id), REDUCE_CODES[fn], ...sizes);
  },
  matmul,
  softmax: softmaxRows(Op.Softmax) as Encoder<"softmax">,
  softmaxGrad: softmaxRows(Op.SoftmaxGrad) as Encoder<"softmaxGrad">,
  softmaxCrossEntropy: (c, node, out) => {
    const [x, labels] = node.inputs.map((i) => c.at(i)) as [number, number];
    c.emit(Op.SoftmaxCrossEntropy, out, x, labels, ...c.rowsAndColumns(c.input(node as AnyNode, 0)));
  },
  softmaxCrossEntropyGrad: (c, node, out) =>
    c.emit(
      Op.SoftmaxCrossEntropyGrad,
      out,
      ...node.inputs.map((i) => c.at(i)),
      ...c.rowsAndColumns(node as AnyNode),
    ),
  argMax: (c, node, out) => {
    const x = c.input(node as AnyNode, 0);
    c.emit(Op.ArgMax, out, c.at(x.id), ...c.rowsAndColumns(x));
  },
  gatherRows: (c, node, out) => {
    const [table, ids] = [c.input(node as AnyNode, 0), c.input(node as AnyNode, 1)];
    const [tableRows, columns] = c.dims(table) as [number, number];
    const shape = [c.count(ids), columns, tableRows];
    c.emit(Op.GatherRows, out, c.at(table.id), c.at(ids.id), ...shape, DType.F32, DType.F32);
  },
  scatterAddRows: (c, node, out) => {
    const [dy, ids] = [c.input(node as AnyNode, 0), c.input(node as AnyNode, 1)];
    const [rows, columns] = c.rowsAndColumns(dy);
    c.emit(Op.ScatterAddRows, out, c.at(ids.id), c.at(dy.id), rows, columns, node.attrs.tableRows);
  },
  dropout: (c, node, out) => {
    const { rate, stream } = node.attrs;
    const scale = rate < 1 ? 1 / (1 - rate) : 0;
    const threshold = Math.min(2 ** 32 - 1, Math.floor(rate * 2 ** 32));
    const n = c.count(node as AnyNode);
    c.emit(Op.Dropout, out, c.at(node.inputs[0]!), n, threshold, f32Bits(scale), stream);
  },
  rnn: (c, node, out) => {
    const { reverse, relu, hasH0, hasLengths } = node.attrs;
    const [x, w] = [c.at(node.inputs[0]!), c.at(node.inputs[1]!)];
    const h0 = hasH0 ? c.at(node.inputs[2]!) : 0;
    const lengths = hasLengths ? c.at(node.inputs[hasH0 ? 3 : 2]!) : 0;
    const dims = c.dims(node as AnyNode);
    c.emit(Op.Rnn, out, x, w, h0, lengths, ...dims, reverse ? 1 : 0, relu ? 1 : 0, c.request.plan.scratch);
  },
  rnnGrad: (c, node, out) => {
    const { reverse, relu } = node.attrs;
    const [h, dh, w, lengths = 0] = node.inputs.map((i) => c.at(i)) as [number, number, number, number?];
    const dims = c.dims(node as AnyNode);
    const flags = [reverse ? 1 : 0, relu ? 1 : 0];
    const { scratch, work } = c.request.plan;
    c.emit(Op.RnnGrad, out, h, dh, w, 0, lengths, ...dims, ...flags, scratch, work);
  },
  rnnPrevious: (c, node, out) => {
    const [h, h0 = 0] = node.inputs.map((i) => c.at(i)) as [number, number?];
    c.emit(Op.RnnPrevious, out, h, h0, ...c.dims(node as AnyNode), node.attrs.reverse ? 1 : 0);
  },
  report: (c, node) => c.emit(Op.Report, c.at(node.inputs[0]!), node.attrs.slot),
  guard: (c, node) => {
    const { layout } = c.request.plan;
    const { gradients: checked, products = 0 } = node.attrs;
    const pairs = node.inputs.map((i) => [c.at(i), c.count(c.nodes[i]!)]);
    const own = pairs.slice(0, pairs.length - 2 * products);
    const runs = checked ? layout.runs.map((run) => [run.gradients, run.elements]) : [];
    c.emit(Op.Guard, own.length + runs.length, ...[...own, ...runs].flat());
    // Every element of aᵀ·b is a sum of as many products as the batch has rows.
    for (let i = own.length; i < pairs.length; i += 2) {
      const rows = c.dims(c.nodes[node.inputs[i]!]!)[0]!;
      c.emit(Op.GuardProduct, ...pairs[i]!, ...pairs[i + 1]!, rows);
    }
  },
  clipByNorm: (c, node) => {
    const { gradients, cells } = c.request.plan.layout;
    const { limit, norm } = node.attrs;
    if (norm) return emitClip(c.emit.bind(c), gradients, cells, limit, norm);
    c.emit(Op.ClipNorm, gradients.address, gradients.bytes / 4, f32Bits(limit));
  },
  clipByValue: (c, node) => {
    const { address, bytes } = c.request.plan.layout.gradients;
    const { limit } = node.attrs;
    c.emit(Op.Unary, address, address, bytes / 4, UnaryFn.Clamp, f32Bits(-limit), f32Bits(limit));
  },
  assign: (c, node) => {
    const state = c.request.plan.layout.states.get(node.attrs.state)!;
    c.emit(Op.Unary, state.address, c.at(node.inputs[0]!), state.bytes / 4, UnaryFn.Affine, f32Bits(1), 0);
  },
  update,
};

/** Encodes a graph for one batch size. */
export function encodeTape(request: EncodeRequest): Tape {
  const c = new Context(request, request.graph.graph.nodes);
  for (const node of request.graph.schedule) {
    if (request.keep && !request.keep(node)) continue;
    if (request.fuse && request.graph.fused.has(node.id)) continue;
    c.writer.node = node.id;
    const before = c.writer.words.length;
    const out = request.graph.addresses.get(node.id) ?? 0;
    (encoders[node.op] as Encoder<OpName>)(c, node as Node<OpName>, out);
    const wrote = c.writer.words.length > before;
    if (request.probe && wrote && out !== 0 && node.dtype === "f32") c.emit(Op.Guard, 1, out, c.count(node));
  }
  c.writer.node = -1;
  c.emit(Op.End, request.rows);
  return { words: Uint32Array.from(c.writer.words), source: c.writer.source };
}
