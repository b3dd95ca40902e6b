// Convolution and its two gradients, which are each other's: one record layout for all three.
//
// Place: defined ops (graph/defined.ts), used by layers/convolution.ts. Images are [N, H, W, C], kernels
// [KH, KW, C / groups, F]; the gradient of the input is also transposed convolution.
// Invariant: the algorithm is chosen by the shape of one sample, so the bits do not depend on the batch.

import { Op } from "../abi.ts";
import { ConvAlgorithm } from "../abi-image.ts";
import { ShapeError } from "../errors.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import { defined, type OpDefinition, type RecordContext } from "../graph/defined.ts";
import type { AnyNode, Inferred } from "../graph/ops.ts";
import { imageKernels } from "../packs/image.ts";
import { type Binding, bindDim, formatShape } from "../shape.ts";
import { type ConvKind, type ConvShape, convAlgorithm, convWorkBytes } from "./convolution-algorithm.ts";
import { isRelu, reluGradOf } from "./relu.ts";
import { imageShape, type Pair, type Sliding, windowCounts } from "./window.ts";

export interface ConvAttrs extends Sliding {
  readonly groups: number;
  /** A third input is added to every pixel. */
  readonly bias: boolean;
  /** max(·, 0) of the result. */
  readonly relu: boolean;
  /** Takes the direct kernel where another one would be faster but rounds otherwise. */
  readonly direct: boolean;
}

/** Of the gradient of the input: `size` is that of its result. With `masked` the last input is a relu's result. */
export interface InputGradAttrs extends ConvAttrs {
  readonly size: Pair;
  readonly masked: boolean;
}

export interface WeightGradAttrs extends ConvAttrs {
  readonly kernel: Pair;
}

/** The larger and the smaller side: what a convolution reads and what it gives. */
type Shapes = readonly [image: AnyNode["shape"], result: AnyNode["shape"]];

function convShape([image, result]: Shapes, kernel: Pair, attrs: ConvAttrs, binding: Binding): ConvShape {
  const [, h, w, c] = image as [unknown, number, number, number];
  const [, outH, outW, f] = result as [unknown, number, number, number];
  const [padTop, , padLeft] = attrs.padding;
  return {
    ...{ n: bindDim(image[0]!, binding), h, w, c, f, kernelH: kernel[0], kernelW: kernel[1], outH, outW },
    ...{ strideY: attrs.strides[0], strideX: attrs.strides[1], dilationY: attrs.dilation[0] },
    ...{ dilationX: attrs.dilation[1], padTop, padLeft, groups: attrs.groups },
  };
}

const chosen = (kind: ConvKind, shape: ConvShape, attrs: ConvAttrs): ConvAlgorithm =>
  convAlgorithm(kind, shape, attrs.direct);

const flopsOf = (s: ConvShape): number =>
  2 * s.n * s.outH * s.outW * s.f * s.kernelH * s.kernelW * (s.c / s.groups);

interface RecordValues {
  readonly out: number;
  readonly a: number;
  readonly b: number;
  readonly bias: number;
  readonly mask: number;
}

const OPS = { forward: Op.Conv2d, inputGrad: Op.Conv2dInputGrad, weightGrad: Op.Conv2dWeightGrad } as const;

function emit(c: RecordContext, kind: ConvKind, v: RecordValues, s: ConvShape, attrs: ConvAttrs): void {
  c.emit(
    OPS[kind],
    ...[v.out, v.a, v.b, v.bias, s.n, s.h, s.w, s.c, s.f, s.kernelH, s.kernelW, s.outH, s.outW],
    ...[s.strideY, s.strideX, s.dilationY, s.dilationX, s.padTop, s.padLeft, s.groups],
    ...[attrs.relu ? 1 : 0, v.mask, chosen(kind, s, attrs), c.work],
  );
}

/** The parts of a definition that follow from the shapes: work, memory, and the choice that `inspect` reports. */
function costs<A extends ConvAttrs>(
  kind: ConvKind,
  shapeOf: ShapeRule<A>,
): Pick<OpDefinition<A>, "flops" | "workBytes" | "choice"> {
  return {
    flops: (attrs, inputs, node, binding) => flopsOf(shapeOf(attrs, inputs, node, binding)),
    workBytes: (attrs, inputs, node, binding) => {
      const shape = shapeOf(attrs, inputs, node, binding);
      return convWorkBytes(kind, shape, chosen(kind, shape, attrs));
    },
    choice: (attrs, inputs, node, binding) =>
      ConvAlgorithm[chosen(kind, shapeOf(attrs, inputs, node, binding), attrs)]!.toLowerCase(),
  };
}

const kernelSize = (w: AnyNode): Pair => [w.shape[0] as number, w.shape[1] as number];

/** [KH, KW] of a kernel whose channels fit. */
function kernelOf(
  op: string,
  w: AnyNode,
  channels: number,
  filters: number | undefined,
  groups: number,
): Pair {
  const [kh, kw, perGroup, all] = w.shape as readonly number[];
  const fits =
    w.shape.length === 4 &&
    perGroup! * groups === channels &&
    all! % groups === 0 &&
    (filters === undefined || all === filters);
  if (!fits)
    throw new ShapeError(
      "layer/shape",
      `${op}: expected a kernel [KH, KW, ${channels / groups}, ${filters ?? "F"}] for ${groups} groups, got ${formatShape(w.shape)}`,
      { got: formatShape(w.shape) },
    );
  return [kh!, kw!];
}

const PLAIN = { bias: false, relu: false } as const;

/** Gradient of a bias: the sum over all pixels. */
const biasGradient = (b: GraphBuilder, dy: AnyNode): AnyNode => b.reduce("sum", dy, [0, 1, 2]);

/** A relu within the record: its gradient comes first. */
const behindRelu = (b: GraphBuilder, dy: AnyNode, y: AnyNode, relu: boolean): AnyNode =>
  relu ? b.add("unaryGrad", [y, dy], { fn: "relu", p: 0, q: 0 }) : dy;

type ShapeRule<A> = (attrs: A, inputs: readonly AnyNode[], node: AnyNode, binding: Binding) => ConvShape;

const forwardShape: ShapeRule<ConvAttrs> = (attrs, [x, w], y, binding) =>
  convShape([x!.shape, y.shape], kernelSize(w!), attrs, binding);
const inputGradShape: ShapeRule<InputGradAttrs> = (attrs, [dy, w], x, binding) =>
  convShape([x.shape, dy!.shape], kernelSize(w!), attrs, binding);
const weightGradShape: ShapeRule<WeightGradAttrs> = (attrs, [x, dy], _, binding) =>
  convShape([x!.shape, dy!.shape], attrs.kernel, attrs, binding);

/** (x [N, H, W, C], w [KH, KW, C / groups, F], bias [F] if `bias`) → [N, OH, OW, F] */
export const conv2dOp: OpDefinition<ConvAttrs> = {
  name: "conv2d",
  kernels: imageKernels,
  infer(attrs, inputs): Inferred {
    const [x, w] = inputs as [AnyNode, AnyNode];
    const { batch, height, width, channels } = imageShape("conv2d", x);
    const kernel = kernelOf("conv2d", w, channels, undefined, attrs.groups);
    const counts = windowCounts("conv2d", [height, width], kernel, attrs);
    return { shape: [batch, ...counts, w.shape[3]!], dtype: "f32" };
  },
  gradient(b, dy, y, inputs, attrs) {
    const [x, w] = inputs as [AnyNode, AnyNode];
    const dz = behindRelu(b, dy, y, attrs.relu);
    const plain = { ...attrs, ...PLAIN };
    const { height, width } = imageShape("conv2d", x);
    const dx = defined(b, conv2dInputGradOp, [dz, w], { ...plain, size: [height, width], masked: false });
    const dw = defined(b, conv2dWeightGradOp, [x, dz], { ...plain, kernel: kernelSize(w) });
    return [dx, dw, ...(attrs.bias ? [biasGradient(b, dz)] : [])];
  },
  encode(c, node, out, attrs) {
    const [x, w] = [c.input(node, 0), c.input(node, 1)];
    const shape = forwardShape(attrs, [x, w], node, c.binding);
    const bias = attrs.bias ? c.at(node.inputs[2]!) : 0;
    emit(c, "forward", { out, a: c.at(x.id), b: c.at(w.id), bias, mask: 0 }, shape, attrs);
  },
  absorb: (node, reader, attrs) =>
    isRelu(reader) && !attrs.relu ? { inputs: node.inputs, attrs: { ...attrs, relu: true } } : null,
  ...costs("forward", forwardShape),
};

/**
 * (dy [N, OH, OW, F], w, bias [C] if `bias`, mask [N, H, W, C] if `masked`) → [N, H, W, C] of `size`. As a layer of its
 * own this is transposed convolution, whose gradients are a convolution and a weight gradient again.
 */
export const conv2dInputGradOp: OpDefinition<InputGradAttrs> = {
  name: "conv2dInputGrad",
  kernels: imageKernels,
  infer(attrs, inputs) {
    const [dy, w] = inputs as [AnyNode, AnyNode];
    const { batch, height, width, channels: filters } = imageShape("conv2dInputGrad", dy);
    const channels = (w.shape[2] as number) * attrs.groups;
    const kernel = kernelOf("conv2dInputGrad", w, channels, filters, attrs.groups);
    const counts = windowCounts("conv2dInputGrad", attrs.size, kernel, attrs);
    if (counts[0] !== height || counts[1] !== width)
      throw new ShapeError(
        "layer/shape",
        `conv2dInputGrad: expected ${counts[0]}×${counts[1]} pixels for a result of ${attrs.size.join("×")}, got ${height}×${width}`,
        { got: formatShape(dy.shape) },
      );
    return { shape: [batch, ...attrs.size, channels], dtype: "f32" };
  },
  gradient(b, dy, y, inputs, attrs) {
    if (attrs.masked) return [];
    const [a, w] = inputs as [AnyNode, AnyNode];
    const dz = behindRelu(b, dy, y, attrs.relu);
    const { size: _, masked: __, ...shared } = attrs;
    const plain: ConvAttrs = { ...shared, ...PLAIN };
    const da = defined(b, conv2dOp, [dz, w], plain);
    const dw = defined(b, conv2dWeightGradOp, [dz, a], { ...plain, kernel: kernelSize(w) });
    return [da, dw, ...(attrs.bias ? [biasGradient(b, dz)] : [])];
  },
  encode(c, node, out, attrs) {
    const [dy, w] = [c.input(node, 0), c.input(node, 1)];
    const shape = inputGradShape(attrs, [dy, w], node, c.binding);
    const bias = attrs.bias ? c.at(node.inputs[2]!) : 0;
    const mask = attrs.masked ? c.at(node.inputs.at(-1)!) : 0;
    emit(c, "inputGrad", { out, a: c.at(dy.id), b: c.at(w.id), bias, mask }, shape, attrs);
  },
  absorb(node, reader, attrs) {
    if (attrs.masked || attrs.relu) return null;
    if (isRelu(reader)) return { inputs: node.inputs, attrs: { ...attrs, relu: true } };
    // The gradient of a relu in front of the convolution: 0 where its result is not above 0.
    const before = reluGradOf(reader, node);
    if (before === undefined || attrs.bias) return null;
    return { inputs: [...node.inputs, before], attrs: { ...attrs, masked: true } };
  },
  ...costs("inputGrad", inputGradShape),
};

/** (x [N, H, W, C], dy [N, OH, OW, F]) → [KH, KW, C / groups, F] */
export const conv2dWeightGradOp: OpDefinition<WeightGradAttrs> = {
  name: "conv2dWeightGrad",
  kernels: imageKernels,
  infer({ kernel, groups }, [x, dy]) {
    const { channels } = imageShape("conv2dWeightGrad", x!);
    return {
      shape: [...kernel, channels / groups, imageShape("conv2dWeightGrad", dy!).channels],
      dtype: "f32",
    };
  },
  encode(c, node, out, attrs) {
    const [x, dy] = [c.input(node, 0), c.input(node, 1)];
    const shape = weightGradShape(attrs, [x, dy], node, c.binding);
    emit(c, "weightGrad", { out, a: c.at(x.id), b: c.at(dy.id), bias: 0, mask: 0 }, shape, attrs);
  },
  ...costs("weightGrad", weightGradShape),
};
