// Normalization by the statistics of channels, and its gradient: passes over [rows, channels] that keep nothing but x.
//
// Place: defined ops (graph/defined.ts), used by layers/normalization.ts. x̂ = (x − mean)·rstd is computed again where it is
// needed: kept, it would be as large as x. Invariant: forward, the bits are those of the four operations one by one.
// Source: Ioffe & Szegedy 2015; the gradient as in PyTorch's batch_norm_backward.

import { Op } from "../abi.ts";
import { ChannelFn } from "../abi-normalize.ts";
import { defined, type OpDefinition, type RecordContext } from "../graph/defined.ts";
import { f32Bits } from "../graph/float-bits.ts";
import type { AnyNode, Inferred } from "../graph/ops.ts";
import { normalizeKernels } from "../packs/normalize.ts";
import { bindDim, elementsOf } from "../shape.ts";
import { isRelu } from "./relu.ts";

/** Which parameters there are among the inputs behind x, mean and rstd. */
export interface NormalizeAttrs {
  readonly gamma: boolean;
  readonly beta: boolean;
  /** Bounds of the result, which an activation behind it brings. */
  readonly low: number;
  readonly high: number;
  /** Mean and rstd are those of x, not constants: the gradient flows through them too. */
  readonly ofBatch: boolean;
}

const sameAs = (x: AnyNode): Inferred => ({ shape: x.shape, dtype: "f32" });
const ofChannels = (x: AnyNode): Inferred => ({ shape: x.shape.slice(-1), dtype: "f32" });
const leading = (x: AnyNode): number[] => x.shape.slice(0, -1).map((_, i) => i);
const elements = (node: AnyNode, binding: RecordContext["binding"]): number =>
  bindDim(elementsOf(node.shape), binding);

function emitSum(c: RecordContext, node: AnyNode, out: number, fn: ChannelFn): void {
  const [x, mean, rstd = 0, dy = 0] = node.inputs.map((id) => c.at(id));
  const [rows, channels] = c.rowsAndColumns(c.input(node, 0));
  c.emit(Op.ChannelSum, out, x!, mean!, rstd, rows, channels, dy, fn, c.work);
}

const workBytes: OpDefinition["workBytes"] = (_, [x], __, binding) => 8 * bindDim(x!.shape.at(-1)!, binding);

/** (x, mean) → Σ (x − mean)² / rows, per channel */
export const channelVarianceOp: OpDefinition<Record<never, never>> = {
  name: "channelVariance",
  kernels: normalizeKernels,
  infer: (_, [x]) => ofChannels(x!),
  encode: (c, node, out) => emitSum(c, node, out, ChannelFn.Variance),
  flops: (_, [x], __, binding) => 3 * elements(x!, binding),
  workBytes,
};

/** (x, mean, rstd, dy) → Σ dy·x̂, per channel */
export const channelProductOp: OpDefinition<Record<never, never>> = {
  name: "channelProduct",
  kernels: normalizeKernels,
  infer: (_, [x]) => ofChannels(x!),
  encode: (c, node, out) => emitSum(c, node, out, ChannelFn.Product),
  flops: (_, [x], __, binding) => 4 * elements(x!, binding),
  workBytes,
};

/** (x, mean, rstd[, gamma][, beta]) → x̂·gamma + beta within its bounds */
export const normalizeOp: OpDefinition<NormalizeAttrs> = {
  name: "normalize",
  kernels: normalizeKernels,
  infer: (_, [x]) => sameAs(x!),
  gradient(b, dy, _, inputs, attrs) {
    const [x, mean, rstd, gamma] = inputs as [AnyNode, AnyNode, AnyNode, AnyNode?];
    const sum = b.reduce("sum", dy, leading(x));
    const product = defined(b, channelProductOp, [x, mean, rstd, dy], {});
    const dx = defined(
      b,
      normalizeGradOp,
      [x, mean, rstd, dy, ...(attrs.ofBatch ? [sum, product] : []), ...(attrs.gamma ? [gamma!] : [])],
      attrs,
    );
    return [dx, null, null, ...(attrs.gamma ? [product] : []), ...(attrs.beta ? [sum] : [])];
  },
  encode(c, node, out, attrs) {
    const [x, mean, rstd, ...parameters] = node.inputs.map((id) => c.at(id));
    const gamma = attrs.gamma ? parameters.shift()! : 0;
    const beta = parameters.shift() ?? 0;
    c.emit(
      Op.Normalize,
      ...[
        out,
        x!,
        mean!,
        rstd!,
        ...c.rowsAndColumns(node),
        gamma,
        beta,
        f32Bits(attrs.low),
        f32Bits(attrs.high),
      ],
    );
  },
  absorb({ inputs }, reader, attrs) {
    if (attrs.low !== -Infinity || attrs.high !== Infinity || reader.op !== "unary") return null;
    if (isRelu(reader)) return { inputs, attrs: { ...attrs, low: 0 } };
    const { fn, p, q } = reader.attrs;
    return fn === "clamp" ? { inputs, attrs: { ...attrs, low: p, high: q } } : null;
  },
  flops: (_, [x], __, binding) => 4 * elements(x!, binding),
  elementwise: true,
  inPlace: [0],
};

/** (x, mean, rstd, dy[, Σ dy, Σ dy·x̂][, gamma]) → dx */
export const normalizeGradOp: OpDefinition<NormalizeAttrs> = {
  name: "normalizeGrad",
  kernels: normalizeKernels,
  infer: (_, [x]) => sameAs(x!),
  encode(c, node, out, attrs) {
    const [x, mean, rstd, dy, ...rest] = node.inputs.map((id) => c.at(id));
    const [sum, product] = attrs.ofBatch ? rest.splice(0, 2) : [0, 0];
    const gamma = rest[0] ?? 0;
    c.emit(
      Op.NormalizeGrad,
      ...[out, x!, mean!, rstd!, ...c.rowsAndColumns(node), gamma, dy!, sum!, product!],
    );
  },
  flops: (_, [x], __, binding) => 8 * elements(x!, binding),
  inPlace: [3, 0],
};
