// PyTorch's calling conventions for the operators of the opinfo cases that the library can express.
//
// Place: support table of `opinfo` cases; the arithmetic is that of ops.ts and expressions.ts.
// Invariant: a case is skipped exactly when its operator has no row here, or a row names what it lacks.

import type { GraphBuilder } from "../../src/graph/builder.ts";
import type { AnyNode } from "../../src/graph/ops.ts";
import { product } from "../../src/shape.ts";
import { type Attributes, type GoldenTensor, Missing } from "./cases.ts";
import { axisOf, dimsOf, indexSelect, swapAxes, unsqueeze, variance, where } from "./expressions.ts";
import { LOSSES } from "./losses.ts";
import { constantPad, OPS, resolveShape } from "./ops.ts";

/** A call: positional arguments (the input first) and keyword arguments, tensors as nodes. */
export interface Call {
  readonly b: GraphBuilder;
  readonly args: readonly Argument[];
  readonly kwargs: Readonly<Record<string, Argument>>;
  /** The numbers behind a node that is an argument. */
  dataOf(node: AnyNode): GoldenTensor;
}

export type Argument = AnyNode | number | string | boolean | null | undefined | readonly Argument[];
type OpInfoBuilder = (call: Call) => AnyNode | AnyNode[];

export const isNode = (a: Argument): a is AnyNode => typeof a === "object" && a !== null && "op" in a;

/** Argument at a position or by its name. */
const argument = ({ args, kwargs }: Call, at: number, name: string): Argument => kwargs[name] ?? args[at];

/** A number, also where it came as a scalar tensor. */
function numberAt(call: Call, at: number, name: string, fallback: number): number {
  const value = argument(call, at, name);
  if (isNode(value)) return call.dataOf(value).data[0]!;
  return typeof value === "number" ? value : fallback;
}

const operand = ({ b }: Call, value: Argument): AnyNode =>
  isNode(value) ? value : b.fill([], value as number);

/** A row of ops.ts with its options taken from positions and keywords. */
const row =
  (name: string, options: Readonly<Record<string, number>> = {}): OpInfoBuilder =>
  (call) => {
    const attrs: Record<string, unknown> = { ...call.kwargs };
    for (const [key, at] of Object.entries(options)) attrs[key] = argument(call, at, key);
    return OPS[name]!(call.b, { x: call.args[0] as AnyNode }, attrs, {});
  };

const pair =
  (name: string): OpInfoBuilder =>
  (call) => {
    if (call.kwargs.rounding_mode) throw new Missing("op", `${name} with a rounding mode`);
    const alpha = numberAt(call, 2, "alpha", 1);
    const b = operand(call, call.args[1]);
    const scaled = alpha === 1 ? b : call.b.affine(b, alpha);
    return OPS[name]!(call.b, { a: operand(call, call.args[0]), b: scaled }, {}, {});
  };

const compare =
  (fn: "equal" | "greater", swap = false): OpInfoBuilder =>
  (call) => {
    const [p, q] = [operand(call, call.args[0]), operand(call, call.args[1])];
    return swap ? call.b.binary(fn, q, p) : call.b.binary(fn, p, q);
  };

const reduce =
  (name: string): OpInfoBuilder =>
  (call) => {
    if (argument(call, 9, "dtype")) throw new Missing("op", `${name} with a dtype`);
    const attrs = { dim: argument(call, 1, "dim") ?? null, keepdim: argument(call, 2, "keepdim") === true };
    return OPS[name]!(call.b, { x: call.args[0] as AnyNode }, attrs, {});
  };

const spread =
  (finish: (b: GraphBuilder, v: AnyNode) => AnyNode): OpInfoBuilder =>
  (call) => {
    const x = call.args[0] as AnyNode;
    const first = call.args[1];
    const unbiased = typeof first === "boolean" ? first : call.kwargs.unbiased;
    const correction = numberAt(call, 9, "correction", unbiased === false ? 0 : 1);
    const dim = typeof first === "boolean" ? null : (argument(call, 1, "dim") ?? null);
    return finish(call.b, variance(call.b, x, dim, call.kwargs.keepdim === true, correction));
  };

const loss =
  (name: string): OpInfoBuilder =>
  (call) => {
    const { weight, pos_weight: posWeight, ...rest } = call.kwargs;
    if (rest.size_average !== undefined || rest.reduce !== undefined)
      throw new Missing("loss", `${name} with size_average`);
    return LOSSES[name]!(call.b, {
      input: call.args[0] as AnyNode,
      target: call.args[1] as AnyNode,
      targetData: call.dataOf(call.args[1] as AnyNode),
      ...(isNode(weight) && { weight: call.dataOf(weight) }),
      ...(isNode(posWeight) && { posWeight: call.dataOf(posWeight) }),
      options: { type: name, ...rest } as Attributes,
    });
  };

const cat = (call: Call, parts: readonly AnyNode[], axis: number): AnyNode =>
  parts.length === 1 ? parts[0]! : call.b.add("concat", parts, { axis: axisOf(parts[0]!, axis) });

const sections: OpInfoBuilder = (call) => {
  const x = call.args[0] as AnyNode;
  const axis = axisOf(x, numberAt(call, 2, "dim", 0));
  const size = call.args[1];
  const total = dimsOf(x)[axis]!;
  const lengths = Array.isArray(size)
    ? (size as number[])
    : Array.from({ length: Math.ceil(total / (size as number)) }, (_, i) =>
        Math.min(size as number, total - i * (size as number)),
      );
  let start = 0;
  return lengths.map((length) => {
    const part = call.b.add("slice", [x], { axis, start, length });
    start += length;
    return part;
  });
};

const argMax: OpInfoBuilder = (call) => {
  const x = call.args[0] as AnyNode;
  const dim = argument(call, 1, "dim");
  if (typeof dim !== "number" || x.shape.length === 0)
    return call.b.reshape(call.b.add("argMax", [call.b.reshape(x, [product(dimsOf(x))])], {}), []);
  const found = call.b.add("argMax", [swapAxes(call.b, x, dim, -1)], {});
  const kept = swapAxes(call.b, unsqueeze(call.b, found, -1), dim, -1);
  const at = axisOf(x, dim);
  return call.kwargs.keepdim === true
    ? kept
    : call.b.reshape(
        kept,
        kept.shape.filter((_, i) => i !== at),
      );
};

const tile: OpInfoBuilder = (call) => {
  const counts = [...(call.args[1] as number[])];
  let x = call.args[0] as AnyNode;
  while (counts.length < x.shape.length) counts.unshift(1);
  while (x.shape.length < counts.length) x = unsqueeze(call.b, x, 0);
  if (counts.includes(0)) throw new Missing("op", "tile by zero");
  return counts.reduce((y, n, axis) => cat(call, Array<AnyNode>(n).fill(y), axis), x);
};

const unaryNames = [
  ...["exp", "log", "log1p", "expm1", "sqrt", "rsqrt", "abs", "neg", "sin", "cos", "tanh", "sigmoid", "erf"],
  ...["reciprocal", "square", "floor", "sign"],
];

/** A row of images.ts: tensors and options by position or name. */
const image =
  (name: string, inputs: readonly string[], options: Readonly<Record<string, number>> = {}): OpInfoBuilder =>
  (call) => {
    const attrs: Record<string, unknown> = { ...call.kwargs };
    for (const [key, at] of Object.entries(options)) attrs[key] = argument(call, at, key);
    // PyTorch calls a pooling window kernel_size, as a keyword only.
    if ("kernel_size" in attrs) attrs.kernel = attrs.kernel_size;
    const nodes: Record<string, AnyNode> = { x: call.args[0] as AnyNode };
    inputs.forEach((key, i) => {
      const value = argument(call, i + 1, key);
      if (isNode(value)) nodes[key] = value;
    });
    return OPS[name]!(call.b, nodes, attrs, {});
  };

const filters = ["weight", "bias"];
const window = { kernel: 1, stride: 2, padding: 3, ceil_mode: 4, count_include_pad: 5, divisor_override: 6 };

export const OPINFO: Readonly<Record<string, OpInfoBuilder>> = {
  ...Object.fromEntries(unaryNames.map((name) => [name, row(name)])),
  ...Object.fromEntries(
    ["add", "sub", "mul", "div", "maximum", "minimum", "pow", "matmul"].map((n) => [n, pair(n)]),
  ),
  bmm: pair("matmul"),
  mv: pair("matmul"),
  dot: pair("matmul"),
  outer: (call) => {
    const [p, q] = call.args as [AnyNode, AnyNode];
    return call.b.mul(unsqueeze(call.b, p, 1), q);
  },
  addmm: (call) => {
    const [c, p, q] = call.args as [AnyNode, AnyNode, AnyNode];
    const scaled = call.b.affine(call.b.matmul(p, q), numberAt(call, 9, "alpha", 1));
    return call.b.addUp(scaled, call.b.affine(c, numberAt(call, 9, "beta", 1)));
  },
  eq: compare("equal"),
  gt: compare("greater"),
  lt: compare("greater", true),
  clamp: (call) => {
    const { b } = call;
    const [low, high] = [argument(call, 1, "min"), argument(call, 2, "max")];
    let y = call.args[0] as AnyNode;
    if (low !== null && low !== undefined) y = b.binary("max", y, operand(call, low));
    if (high !== null && high !== undefined) y = b.binary("min", y, operand(call, high));
    return y;
  },
  where: (call) => where(call.b, call.args[1] as AnyNode, call.args[0] as AnyNode, call.args[2] as AnyNode),
  masked_fill: (call) => {
    const [x, mask] = call.args as [AnyNode, AnyNode];
    return where(call.b, mask, operand(call, call.args[2]), x);
  },
  sum: reduce("reduce_sum"),
  mean: reduce("reduce_mean"),
  amax: reduce("reduce_max"),
  amin: reduce("reduce_min"),
  logsumexp: reduce("logsumexp"),
  var: spread((_, v) => v),
  std: spread((b, v) => b.unary("sqrt", v)),
  argmax: argMax,
  softmax: row("softmax", { dim: 1 }),
  log_softmax: row("log_softmax", { dim: 1 }),
  "nn.functional.softmin": (call) =>
    OPS.softmax!(call.b, { x: call.b.affine(call.args[0] as AnyNode, -1) }, { dim: call.args[1] }, {}),
  reshape: (call) => {
    const x = call.args[0] as AnyNode;
    return call.b.reshape(x, resolveShape(x, call.args[1] as number[]));
  },
  flatten: (call) => {
    const x = call.args[0] as AnyNode;
    if (x.shape.length === 0) return call.b.reshape(x, [1]);
    const from = axisOf(x, numberAt(call, 1, "start_dim", 0));
    const to = axisOf(x, numberAt(call, 2, "end_dim", -1));
    const dims = dimsOf(x);
    return call.b.reshape(x, [
      ...dims.slice(0, from),
      product(dims.slice(from, to + 1)),
      ...dims.slice(to + 1),
    ]);
  },
  squeeze: (call) => {
    const x = call.args[0] as AnyNode;
    const dim = argument(call, 1, "dim");
    const at = typeof dim === "number" ? axisOf(x, dim) : -1;
    return call.b.reshape(
      x,
      x.shape.filter((d, i) => d !== 1 || (at >= 0 && i !== at)),
    );
  },
  unsqueeze: (call) => unsqueeze(call.b, call.args[0] as AnyNode, numberAt(call, 1, "dim", 0)),
  permute: row("permute", { dims: 1 }),
  transpose: (call) =>
    swapAxes(call.b, call.args[0] as AnyNode, numberAt(call, 1, "dim0", 0), numberAt(call, 2, "dim1", 0)),
  expand: row("expand", { shape: 1 }),
  cat: (call) => cat(call, call.args[0] as readonly AnyNode[], numberAt(call, 1, "dim", 0)),
  stack: (call) => {
    const dim = numberAt(call, 1, "dim", 0);
    const parts = (call.args[0] as readonly AnyNode[]).map((x) => unsqueeze(call.b, x, dim));
    return cat(call, parts, dim);
  },
  split: sections,
  narrow: (call) => {
    const x = call.args[0] as AnyNode;
    const axis = axisOf(x, numberAt(call, 1, "dim", 0));
    const attrs = { axis, start: numberAt(call, 2, "start", 0), length: numberAt(call, 3, "length", 1) };
    return call.b.add("slice", [x], attrs);
  },
  index_select: (call) =>
    indexSelect(call.b, call.args[0] as AnyNode, numberAt(call, 1, "dim", 0), call.args[2] as AnyNode),
  tile,
  "nn.functional.pad": (call) => {
    const mode = (argument(call, 2, "mode") ?? "constant") as string;
    if (mode !== "constant") throw new Missing("op", `pad, mode ${mode}`);
    return constantPad(
      call.b,
      call.args[0] as AnyNode,
      call.args[1] as number[],
      numberAt(call, 3, "value", 0),
    );
  },
  "nn.functional.conv2d": image("conv2d", filters),
  "nn.functional.conv1d": image("conv1d", filters),
  "nn.functional.conv_transpose2d": image("conv_transpose2d", filters),
  "nn.functional.conv_transpose1d": image("conv_transpose1d", filters),
  "nn.functional.max_pool2d": image("max_pool2d", [], { kernel: 1 }),
  "nn.functional.max_pool1d": image("max_pool1d", [], { kernel: 1 }),
  "nn.functional.avg_pool2d": image("avg_pool2d", [], window),
  "nn.functional.avg_pool1d": image("avg_pool1d", [], window),
  "nn.functional.adaptive_avg_pool2d": image("adaptive_avg_pool2d", [], { output: 1 }),
  "nn.functional.adaptive_avg_pool1d": image("adaptive_avg_pool1d", [], { output: 1 }),
  "nn.functional.layer_norm": (call) => {
    const [x, shape, weight, bias] = call.args as [AnyNode, number[], AnyNode?, AnyNode?];
    const nodes = { x, ...(weight && { weight }), ...(bias && { bias }) };
    return OPS.layer_norm!(call.b, nodes, { shape, ...call.kwargs }, {});
  },
  "nn.functional.group_norm": (call) => {
    const { weight, bias, ...attrs } = call.kwargs as Record<string, AnyNode>;
    const nodes = { x: call.args[0] as AnyNode, ...(weight && { weight }), ...(bias && { bias }) };
    return OPS.group_norm!(call.b, nodes, { groups: call.args[1], ...attrs }, {});
  },
  "nn.functional.instance_norm": (call) => {
    // The running averages are not among the outputs.
    const {
      weight,
      bias,
      running_mean: _,
      running_var: __,
      ...attrs
    } = call.kwargs as Record<string, AnyNode>;
    const nodes = { x: call.args[0] as AnyNode, ...(weight && { weight }), ...(bias && { bias }) };
    return OPS.instance_norm!(call.b, nodes, attrs as never, {});
  },
  "nn.functional.normalize": (call) =>
    OPS.normalize!(call.b, { x: call.args[0] as AnyNode }, call.kwargs, {}),
  "nn.functional.interpolate": image("interpolate", [], { size: 1, scale: 2, mode: 3, align: 4 }),
  "nn.functional.relu": row("relu"),
  "nn.functional.leaky_relu": row("leaky_relu", { negative_slope: 1 }),
  "nn.functional.elu": row("elu", { alpha: 1 }),
  "nn.functional.gelu": row("gelu"),
  "nn.functional.silu": row("silu"),
  "nn.functional.softplus": row("softplus", { beta: 1, threshold: 2 }),
  "nn.functional.linear": (call) => {
    const [x, weight, bias] = call.args as [AnyNode, AnyNode, AnyNode?];
    return OPS.linear!(call.b, { x, weight, ...(bias && { bias }) }, {}, {});
  },
  "nn.functional.embedding": (call) => {
    const [weight, index] = call.args as [AnyNode, AnyNode];
    for (const key of Object.keys(call.kwargs)) throw new Missing("op", `embedding with ${key}`);
    return call.b.add("gatherRows", [weight, index], {});
  },
  "nn.functional.mse_loss": loss("mse"),
  "nn.functional.l1_loss": loss("l1"),
  "nn.functional.smooth_l1_loss": loss("smooth_l1"),
  "nn.functional.huber_loss": loss("huber"),
  "nn.functional.binary_cross_entropy_with_logits": loss("bce_with_logits"),
  "nn.functional.cross_entropy": loss("cross_entropy"),
};
