// Convolution, pooling, normalization and resizing of the golden cases, through the library's layers.
//
// Place: rows of the op tables. PyTorch's channels are axis 1 and its kernels OIHW; data is turned within the graph, so
// gradients come out in PyTorch's order by themselves.
// Invariant: shapes, padding and parameters are the layers' own; nothing is computed here.

import type { GraphBuilder } from "../../src/graph/builder.ts";
import type { AnyNode } from "../../src/graph/ops.ts";
import { type Layer, SemanticBuilder } from "../../src/graph/semantic.ts";
import { conv1d, conv2d } from "../../src/layers/convolution.ts";
import { fileShapeOf, layerDefinition, type TensorSpec } from "../../src/layers/definition.ts";
import { groupNorm, instanceNorm, layerNorm, rmsNorm, unitNorm } from "../../src/layers/feature-norms.ts";
import { adaptiveAvgPool2d, avgPool1d, avgPool2d, maxPool1d, maxPool2d } from "../../src/layers/pooling.ts";
import { interpolate } from "../../src/layers/resampling.ts";
import { conv1dTranspose, conv2dTranspose } from "../../src/layers/transposed-convolution.ts";
import { type Attributes, Missing } from "./cases.ts";
import { dimsOf } from "./expressions.ts";

type Nodes = Readonly<Record<string, AnyNode | undefined>>;
type Row = (b: GraphBuilder, ins: Nodes, attrs: Attributes) => AnyNode;

/** A tensor in the order of files as it lies in memory. */
function toMemoryOrder(b: GraphBuilder, given: AnyNode, spec: TensorSpec): AnyNode {
  const { shape, view = shape, fileAxes } = spec;
  if (String(given.shape) !== String(fileShapeOf(spec)))
    throw new Error(`${spec.name} is [${given.shape}], the layer wants [${fileShapeOf(spec)}]`);
  if (!fileAxes) return given;
  const turned = b.reshape(
    given,
    fileAxes.map((a) => view[a]!),
  );
  const inverse: number[] = [];
  fileAxes.forEach((a, i) => {
    inverse[a] = i;
  });
  return b.reshape(b.transpose(turned, inverse), shape);
}

/** A layer applied to a value, its parameters given by name in the order of files. */
export function applyWith(b: GraphBuilder, layer: Layer, x: AnyNode, tensors: Nodes = {}): AnyNode {
  const semantic = new SemanticBuilder();
  layer(semantic.input({ name: "x", shape: [], dtype: "f32" }));
  const { op, version, options } = semantic.layers[0]!;
  const none = (): never => {
    throw new Error(`${op} asked for a state or a stream`);
  };
  const parameter = (spec: TensorSpec): AnyNode => toMemoryOrder(b, tensors[spec.name]!, spec);
  const context = { builder: b, mode: "train" as const, layer: op, lengths: undefined };
  const rest = { parameter, state: none, updateState: none, stream: none };
  return layerDefinition(op, version, "0").lower({ ...context, ...rest }, [x], options);
}

/** [N, C, …] → [N, …, C], and the other way round. */
const channelsLast = (b: GraphBuilder, x: AnyNode): AnyNode => {
  const rank = x.shape.length;
  return b.transpose(x, [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1]);
};
const channelsFirst = (b: GraphBuilder, x: AnyNode): AnyNode => {
  const rank = x.shape.length;
  return b.transpose(x, [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)]);
};

/** Applies a layer to [N, C, …], or to [C, …] where `rank` counts one axis more. */
function onImages(b: GraphBuilder, x: AnyNode, layer: Layer, rank: number, tensors: Nodes = {}): AnyNode {
  if (x.shape.length === rank - 1) {
    const y = onImages(b, b.reshape(x, [1, ...x.shape]), layer, rank, tensors);
    return b.reshape(y, y.shape.slice(1));
  }
  return channelsFirst(b, applyWith(b, layer, channelsLast(b, x), tensors));
}

const pair = (value: unknown, fallback: number): [number, number] => {
  const given = (value ?? fallback) as number | number[];
  if (!Array.isArray(given)) return [given, given];
  if (given.length === 0) return [fallback, fallback];
  return given.length === 1 ? [given[0]!, given[0]!] : [given[0]!, given[1]!];
};
const one = (value: unknown, fallback: number): number => pair(value, fallback)[0];

/** PyTorch's "same" puts the odd zero after, as TensorFlow's does at stride 1, the only one it allows. */
const padding2d = (value: unknown) => (typeof value === "string" ? (value as "same") : pair(value, 0));
const padding1d = (value: unknown) => (typeof value === "string" ? (value as "same") : one(value, 0));

const convTensors = ({ weight, bias }: Nodes): Nodes => ({ weight, bias });

const conv2dRow: Row = (b, ins, a) => {
  const [filters, , ...kernel] = dimsOf(ins.weight!);
  const layer = conv2d(filters!, kernel as [number, number], {
    ...{ strides: pair(a.stride, 1), dilation: pair(a.dilation, 1), groups: one(a.groups, 1) },
    ...{ padding: padding2d(a.padding), useBias: ins.bias !== undefined },
  });
  return onImages(b, ins.x!, layer, 4, convTensors(ins));
};

const conv1dOptions = (ins: Nodes, a: Attributes) => ({
  ...{ strides: one(a.stride, 1), dilation: one(a.dilation, 1), groups: one(a.groups, 1) },
  ...{ useBias: ins.bias !== undefined },
});

const conv1dRow: Row = (b, ins, a) => {
  const [filters, , kernel] = dimsOf(ins.weight!);
  const options = { ...conv1dOptions(ins, a), padding: padding1d(a.padding) };
  return onImages(b, ins.x!, conv1d(filters!, kernel!, options), 3, convTensors(ins));
};

const causalRow: Row = (b, ins, a) => {
  const [filters, , kernel] = dimsOf(ins.weight!);
  const options = { ...conv1dOptions(ins, a), padding: "causal" as const };
  return onImages(b, ins.x!, conv1d(filters!, kernel!, options), 3, convTensors(ins));
};

const transpose2dRow: Row = (b, ins, a) => {
  const groups = one(a.groups, 1);
  const [, perGroup, ...kernel] = dimsOf(ins.weight!);
  const layer = conv2dTranspose(perGroup! * groups, kernel as [number, number], {
    ...{ strides: pair(a.stride, 1), dilation: pair(a.dilation, 1), groups, padding: pair(a.padding, 0) },
    ...{ outputPadding: pair(a.output_padding, 0), useBias: ins.bias !== undefined },
  });
  return onImages(b, ins.x!, layer, 4, convTensors(ins));
};

const transpose1dRow: Row = (b, ins, a) => {
  const options = conv1dOptions(ins, a);
  const [, perGroup, kernel] = dimsOf(ins.weight!);
  const layer = conv1dTranspose(perGroup! * options.groups, kernel!, {
    ...options,
    ...{ padding: one(a.padding, 0), outputPadding: one(a.output_padding, 0) },
  });
  return onImages(b, ins.x!, layer, 3, convTensors(ins));
};

const windowOptions = (a: Attributes) => {
  if (a.divisor_override || a.return_indices === true)
    throw new Missing("op", "pooling with a divisor or indices");
  return { ceilMode: a.ceil_mode === true };
};
const strideOf = (a: Attributes) =>
  a.stride === undefined || a.stride === null || (a.stride as number[]).length === 0 ? a.kernel : a.stride;
const averageOptions = (a: Attributes) => ({
  ...windowOptions(a),
  countIncludePad: a.count_include_pad !== false,
});

const max2d: Row = (b, { x }, a) => {
  const sliding = {
    strides: pair(strideOf(a), 1),
    dilation: pair(a.dilation, 1),
    padding: pair(a.padding, 0),
  };
  return onImages(b, x!, maxPool2d(pair(a.kernel, 1), { ...sliding, ...windowOptions(a) }), 4);
};
const avg2d: Row = (b, { x }, a) => {
  const sliding = { strides: pair(strideOf(a), 1), padding: pair(a.padding, 0) };
  return onImages(b, x!, avgPool2d(pair(a.kernel, 1), { ...sliding, ...averageOptions(a) }), 4);
};
const max1d: Row = (b, { x }, a) => {
  const sliding = { strides: one(strideOf(a), 1), dilation: one(a.dilation, 1), padding: one(a.padding, 0) };
  return onImages(b, x!, maxPool1d(one(a.kernel, 1), { ...sliding, ...windowOptions(a) }), 3);
};
const avg1d: Row = (b, { x }, a) => {
  const sliding = { strides: one(strideOf(a), 1), padding: one(a.padding, 0) };
  return onImages(b, x!, avgPool1d(one(a.kernel, 1), { ...sliding, ...averageOptions(a) }), 3);
};

const adaptive2d: Row = (b, { x }, a) => {
  const given = (Array.isArray(a.output) ? a.output : [a.output, a.output]) as (number | null)[];
  const size = given.map((d, i) => d ?? dimsOf(x!).at(i - 2)!) as [number, number];
  return onImages(b, x!, adaptiveAvgPool2d(size), 4);
};
/** As an image of one row. */
const adaptive1d: Row = (b, { x }, a) => {
  const rows = b.reshape(x!, [...x!.shape.slice(0, -1), 1, x!.shape.at(-1)!]);
  const y = adaptive2d(b, { x: rows }, { output: [1, one(a.output, 1)] });
  return b.reshape(y, [...y.shape.slice(0, -2), y.shape.at(-1)!]);
};

const affine = ({ weight, bias }: Nodes) => ({ scale: weight !== undefined, center: bias !== undefined });

function epsilonOf(a: Attributes, fallback: number): { epsilon: number } {
  const epsilon = (a.eps ?? fallback) as number;
  if (epsilon < 0) throw new Missing("op", "normalization with a negative epsilon");
  return { epsilon };
}

export const IMAGE_OPS: Readonly<Record<string, Row>> = {
  conv2d: conv2dRow,
  conv1d: conv1dRow,
  conv1d_causal: causalRow,
  conv_transpose2d: transpose2dRow,
  conv_transpose1d: transpose1dRow,
  max_pool2d: max2d,
  avg_pool2d: avg2d,
  max_pool1d: max1d,
  avg_pool1d: avg1d,
  adaptive_avg_pool2d: adaptive2d,
  adaptive_avg_pool1d: adaptive1d,
  layer_norm: (b, ins, a) => {
    const axes = (a.shape as number[]).length;
    // PyTorch normalizes without a batch axis too.
    const x = ins.x!.shape.length === axes ? b.reshape(ins.x!, [1, ...ins.x!.shape]) : ins.x!;
    const y = applyWith(b, layerNorm({ axes, ...epsilonOf(a, 1e-5), ...affine(ins) }), x, ins);
    return b.reshape(y, ins.x!.shape);
  },
  group_norm: (b, ins, a) => {
    const layer = groupNorm(a.groups as number, { ...epsilonOf(a, 1e-5), ...affine(ins) });
    return channelsFirst(b, applyWith(b, layer, channelsLast(b, ins.x!), ins));
  },
  instance_norm: (b, ins, a) => {
    const layer = instanceNorm({ ...epsilonOf(a, 1e-5), ...affine(ins) });
    return channelsFirst(b, applyWith(b, layer, channelsLast(b, ins.x!), ins));
  },
  rms_norm: (b, ins, a) => {
    const layer = rmsNorm({ ...epsilonOf(a, 1e-6), scale: ins.weight !== undefined });
    return applyWith(b, layer, ins.x!, ins);
  },
  normalize: (b, { x }, a) => {
    if ((a.p ?? 2) !== 2) throw new Missing("op", `normalize with p = ${a.p}`);
    const axis = ((a.dim as number | undefined) ?? 1) as number;
    const at = axis < 0 ? axis + x!.shape.length : axis;
    const last = x!.shape.length - 1;
    const swap = x!.shape.map((_, i) => (i === at ? last : i === last ? at : i));
    const y = applyWith(b, unitNorm({ epsilon: (a.eps ?? 1e-12) as number }), b.transpose(x!, swap));
    return b.transpose(y, swap);
  },
  /** `linear` is bilinear of an image of one row. A given factor, not the rounded sizes, places the pixels. */
  interpolate: (b, { x }, a) => {
    const flat = x!.shape.length === 3;
    const image = flat ? b.reshape(x!, [...x!.shape.slice(0, 2), 1, x!.shape[2]!]) : x!;
    const from = dimsOf(image).slice(2);
    const factors = a.scale === null || a.scale === undefined ? undefined : pair(a.scale, 1);
    const axes = from.map((length, i) => {
      if (flat && i === 0) return { from: 1, to: 1, step: 1, alignCorners: false };
      const to = factors ? Math.floor(length * factors[i]!) : pair(a.size, 1)[i]!;
      return {
        from: length,
        to,
        step: factors ? 1 / factors[i]! : length / to,
        alignCorners: a.align === true,
      };
    });
    const how = a.mode === "nearest" ? "nearest" : "bilinear";
    const y = channelsFirst(b, interpolate(b, channelsLast(b, image), [axes[0]!, axes[1]!], how));
    return flat ? b.reshape(y, [...y.shape.slice(0, 2), y.shape[3]!]) : y;
  },
};
