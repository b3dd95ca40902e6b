// Records of the ops that only training and evaluation have, and with the forward rows the table of all ops.
//
// Place: the table that trainers encode with. Invariant: no op is without a row; the compiler names a missing one.

import { Op, UnaryFn } from "../abi.ts";
import { f32Bits } from "../graph/float-bits.ts";
import type { AnyNode, OpName } from "../graph/ops.ts";
import { product } from "../shape.ts";
import { ACTIVATION_CODES } from "./codes.ts";
import { softmaxRows } from "./dense-encoders.ts";
import type { Encoder } from "./encode.ts";
import { copy, DTYPES, FORWARD_ENCODERS, part } from "./forward-encoders.ts";
import { rowMajor } from "./strides.ts";
import { emitClip, emitMaxNorm, emitUpdate } from "./update.ts";

const update: Encoder<"update"> = (c, node) => {
  const { fused = [], column = 0 } = node.attrs;
  const { layout } = c.request.plan;
  emitUpdate(c.emit.bind(c), node.attrs, layout);
  if (!c.request.fuse) return;
  fused.forEach(({ parameter }, i) => {
    const [a, b] = [c.input(node as AnyNode, 2 * i), c.input(node as AnyNode, 2 * i + 1)];
    const [m, n] = [c.dims(a).at(-1)!, c.dims(b).at(-1)!];
    c.emit(Op.OuterSgd, layout.parameters.get(parameter)!.address, c.at(a.id), c.at(b.id), m, n, column);
  });
};

/** Every op. The guard of training also checks gradients. */
type AllEncoders = { readonly [K in OpName]: Encoder<K> };

const own: Omit<AllEncoders, Exclude<keyof typeof FORWARD_ENCODERS, "guard" | "input">> = {
  // Only trainers stage rows in the core.
  input: (c, node, out) => {
    const staged = c.request.staged?.get(node.attrs.name);
    if (!staged) return;
    const dims = c.dims(node as AnyNode);
    const columns = product(dims.slice(1));
    const types = [DTYPES[staged.dtype], DTYPES[node.dtype]];
    c.emit(Op.GatherRows, out, staged.address, 0, dims[0]!, columns, staged.rows, ...types);
  },
  embedSlice: (c, node, out) => {
    const x = c.input(node as AnyNode, 0);
    const into = part(c, node as AnyNode, node.attrs.axis, node.attrs.start);
    const dims = c.dims(x);
    c.emit(Op.Fill, out, c.count(node as AnyNode), 0);
    copy(c, out + into.offset, into.strides, c.at(x.id), rowMajor(dims), dims);
  },
  unaryGrad: (c, node, out) => {
    const [saved, dy] = node.inputs.map((i) => c.at(i)) as [number, number];
    const { fn, p, q } = node.attrs;
    const n = c.count(node as AnyNode);
    c.emit(Op.UnaryGrad, out, saved, dy, n, ACTIVATION_CODES[fn], f32Bits(p), f32Bits(q));
  },
  softmaxGrad: (c, node, out) => softmaxRows(Op.SoftmaxGrad, c, node, out),
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
    const { gradients, gradientOf, cells } = c.request.plan.layout;
    const { limit, norm, each } = node.attrs;
    for (const part of each ? gradientOf.values() : [gradients])
      if (norm) emitClip(c.emit.bind(c), part, cells, limit, norm);
      else c.emit(Op.ClipNorm, part.address, part.bytes / 4, f32Bits(limit));
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
  every: (c, { attrs }) => {
    c.emit(Op.Every, attrs.n);
    c.emit(Op.End, c.request.rows);
  },
  update,
  constrain: (c, { attrs }) => {
    const { parameters, gradientOf } = c.request.plan.layout;
    const { address, bytes } = parameters.get(attrs.parameter)!;
    const free = gradientOf.get(attrs.parameter)!.address;
    emitMaxNorm(c.emit.bind(c), address, free, bytes / 4 / attrs.columns, attrs.columns, attrs.limit);
  },
};

// A call marked pure, not a spread, and no calls among the rows above: so a bundler may leave all of it out of an app
// that only predicts.
export const TRAINING_ENCODERS: AllEncoders = /* @__PURE__ */ Object.assign({}, FORWARD_ENCODERS, own);
