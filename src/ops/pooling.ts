// Pooling and its gradient: the largest or the average of each window.
//
// Place: defined ops (graph/defined.ts), used by layers/pooling.ts. Images are [N, H, W, C].
// Invariant: a window never lies in the padding alone; a tie gives the gradient to the first element in row order.

import { Op } from "../abi.ts";
import { PoolFn } from "../abi-image.ts";
import { defined, type OpDefinition, type RecordContext } from "../graph/defined.ts";
import type { AnyNode } from "../graph/ops.ts";
import { imageKernels } from "../packs/image.ts";
import { bindDim, elementsOf } from "../shape.ts";
import { reluGradOf } from "./relu.ts";
import { imageShape, type Pair, type Sliding } from "./window.ts";

export interface PoolAttrs extends Sliding {
  readonly fn: "max" | "average";
  readonly window: Pair;
  /** Number of windows, which a rounding up may have raised. */
  readonly counts: Pair;
  /** An average counts the zeros of the padding too. */
  readonly includePad: boolean;
  /** What a sum is divided by instead of the number of its elements; 0: that number. */
  readonly divisor: number;
}

/** Of the gradient: `relu` leaves out windows whose largest element is not above 0. */
export interface PoolGradAttrs extends PoolAttrs {
  readonly size: Pair;
  readonly relu: boolean;
}

interface RecordValues {
  readonly out: number;
  readonly a: number;
  readonly x: number;
  readonly y: number;
  readonly relu: boolean;
}

function emit(
  c: RecordContext,
  op: Op,
  [image, result]: readonly [AnyNode, AnyNode],
  attrs: PoolAttrs,
  v: RecordValues,
): void {
  const { height, width, channels } = imageShape("pool2d", image);
  const [top, bottom, left, right] = attrs.padding;
  const fn = attrs.fn === "max" ? PoolFn.Max : PoolFn.Average;
  c.emit(
    op,
    ...[v.out, v.a, bindDim(result.shape[0]!, c.binding), height, width, channels, ...attrs.window],
    ...[...attrs.counts, ...attrs.strides, ...attrs.dilation, top, left, bottom, right],
    ...[fn, attrs.includePad ? 1 : 0, attrs.divisor, v.relu ? 1 : 0, v.x, v.y],
  );
}

const flopsOf = (attrs: PoolAttrs, result: AnyNode, binding: Parameters<typeof bindDim>[1]): number =>
  bindDim(elementsOf(result.shape), binding) * attrs.window[0] * attrs.window[1];

/** (x [N, H, W, C]) → [N, OH, OW, C] */
export const pool2dOp: OpDefinition<PoolAttrs> = {
  name: "pool2d",
  kernels: imageKernels,
  infer(attrs, [x]) {
    const { batch, channels } = imageShape("pool2d", x!);
    return { shape: [batch, ...attrs.counts, channels], dtype: "f32" };
  },
  gradient(b, dy, y, [x], attrs) {
    const { height, width } = imageShape("pool2d", x!);
    const inputs = attrs.fn === "max" ? [dy, x!, y] : [dy];
    return [defined(b, pool2dGradOp, inputs, { ...attrs, size: [height, width], relu: false })];
  },
  encode(c, node, out, attrs) {
    const x = c.input(node, 0);
    emit(c, Op.Pool2d, [x, node], attrs, { out, a: c.at(x.id), x: 0, y: 0, relu: false });
  },
  flops: (attrs, _, node, binding) => flopsOf(attrs, node, binding),
};

/** (dy [N, OH, OW, C], and for max x and y of the forward pass) → [N, H, W, C] */
export const pool2dGradOp: OpDefinition<PoolGradAttrs> = {
  name: "pool2dGrad",
  kernels: imageKernels,
  infer(attrs, [dy]) {
    const { batch, channels } = imageShape("pool2dGrad", dy!);
    return { shape: [batch, ...attrs.size, channels], dtype: "f32" };
  },
  encode(c, node, out, attrs) {
    const [a, x = 0, y = 0] = node.inputs.map((id) => c.at(id));
    emit(c, Op.Pool2dGrad, [node, c.input(node, 0)], attrs, { out, a: a!, x, y, relu: attrs.relu });
  },
  // The gradient of a relu in front of the pooling: the largest element is above 0, or none is.
  absorb: (node, reader, attrs) =>
    attrs.fn === "max" && !attrs.relu && reluGradOf(reader, node) === node.inputs[1]
      ? { inputs: node.inputs, attrs: { ...attrs, relu: true } }
      : null,
  flops: (attrs, [dy], _, binding) => flopsOf(attrs, dy!, binding),
};
