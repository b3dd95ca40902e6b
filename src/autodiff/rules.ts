// The derivative of each op: given dy, the gradient of every input, written in ops of the same graph.
//
// Place: table used by autodiff/gradients.ts. A missing row is a compile error.
// Invariant: a rule only appends nodes; `null` says that no gradient flows to that input.

import type { GraphBuilder } from "../graph/builder.ts";
import { definitionOf } from "../graph/defined.ts";
import { type AnyNode, type Node, type OpName, reducedElements } from "../graph/ops.ts";
import { type Shape, sameDim } from "../shape.ts";

/** dy: gradient of the node's value; y: the value itself; ins: its inputs. */
type Rule<K extends OpName> = (
  b: GraphBuilder,
  dy: AnyNode,
  y: Node<K>,
  ins: readonly AnyNode[],
) => (AnyNode | null)[];

/** Sums dy over the axes along which an operand of `shape` was broadcast. */
export function sumToShape(b: GraphBuilder, dy: AnyNode, shape: Shape): AnyNode {
  const lead = dy.shape.length - shape.length;
  const axes: number[] = [];
  dy.shape.forEach((d, i) => {
    const own = i < lead ? 1 : shape[i - lead]!;
    if (i < lead || !sameDim(own, d)) axes.push(i);
  });
  return b.reshape(axes.length === 0 ? dy : b.reduce("sum", dy, axes, true), shape);
}

/** The result of a reduction with its reduced axes put back as ones. */
function keepReduced(b: GraphBuilder, value: AnyNode, node: Node<"reduce">, x: AnyNode): AnyNode {
  const { from, to } = node.attrs;
  return b.reshape(
    value,
    x.shape.map((d, i) => (i >= from && i <= to ? 1 : d)),
  );
}

const stop = () => [];

const unaryRule: Rule<"unary"> = (b, dy, y, [x]) => {
  const { fn, p, q, divisor } = y.attrs;
  const value = y as AnyNode;
  switch (fn) {
    case "affine":
      return [p === 1 && !divisor ? dy : b.add("unary", [dy], { ...y.attrs, q: 0 })];
    case "abs":
      return [b.mul(b.unary("sign", x!), dy)]; // d|x|/dx = sign x
    case "square":
      return [b.affine(b.mul(x!, dy), 2)]; // 2x
    case "sqrt":
      return [b.affine(b.div(dy, value), 0.5)]; // 1 / 2√x
    case "rsqrt":
      return [b.affine(b.mul(b.mul(b.unary("square", value), value), dy), -0.5)]; // −½ y³
    case "reciprocal":
      return [b.affine(b.mul(b.unary("square", value), dy), -1)]; // −y²
    case "exp":
      return [b.mul(value, dy)];
    case "log":
      return [b.div(dy, x!)];
    case "sin":
      return [b.mul(b.unary("cos", x!), dy)];
    case "cos":
      return [b.affine(b.mul(b.unary("sin", x!), dy), -1)];
    case "erf":
      // 2/√π · e^(−x²)
      return [
        b.affine(b.mul(b.unary("exp", b.affine(b.unary("square", x!), -1)), dy), 2 / Math.sqrt(Math.PI)),
      ];
    case "log1p":
      return [b.div(dy, b.affine(x!, 1, 1))];
    case "expm1":
      return [b.mul(b.affine(value, 1, 1), dy)];
    case "sign":
    case "floor":
    case "step":
      return [null];
    case "clamp":
      // Where x is at an end or beyond it, the value is at that end.
      if (y.attrs.open)
        return [b.add("unaryGrad", [value, dy], { fn, p: nextFloat(p, 1), q: nextFloat(q, -1) })];
      return [b.add("unaryGrad", [x!, dy], { fn, p, q })];
    default: {
      const saved = fn === "relu" || fn === "tanh" || fn === "sigmoid" ? value : x!;
      return [b.add("unaryGrad", [saved, dy], { fn, p, q })];
    }
  }
};

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** The f32 next to x, above it (1) or below (−1). */
function nextFloat(x: number, side: number): number {
  float[0] = x;
  if (float[0]) bits[0]! += x > 0 ? side : -side;
  else float[0] = side * 2 ** -149;
  return float[0];
}

const binaryRule: Rule<"binary"> = (b, dy, y, ins) => {
  const [p, q] = ins as [AnyNode, AnyNode];
  const both = (dp: AnyNode, dq: AnyNode) => [sumToShape(b, dp, p.shape), sumToShape(b, dq, q.shape)];
  switch (y.attrs.fn) {
    case "add":
      return both(dy, dy);
    case "sub":
      return [sumToShape(b, dy, p.shape), b.affine(sumToShape(b, dy, q.shape), -1)];
    case "mul":
      return both(b.mul(dy, q), b.mul(dy, p));
    case "div": {
      const dp = b.div(dy, q);
      return both(dp, b.affine(b.mul(dp, y as AnyNode), -1)); // −p/q²
    }
    case "max":
      return both(b.mul(b.binary("prefers", p, q), dy), b.mul(b.binary("prefers", q, p), dy));
    case "min":
      return both(b.mul(b.binary("prefers", q, p), dy), b.mul(b.binary("prefers", p, q), dy));
    case "pow": {
      // d(p^q) = q·p^(q−1) dp + p^q·ln p dq
      const dp = b.mul(b.mul(q, b.binary("pow", p, b.affine(q, 1, -1))), dy);
      return both(dp, b.mul(b.mul(y as AnyNode, b.unary("log", p)), dy));
    }
    default:
      return [null, null]; // comparisons
  }
};

const reduceRule: Rule<"reduce"> = (b, dy, y, ins) => {
  const x = ins[0]!;
  const wide = keepReduced(b, dy, y, x);
  const n = reducedElements(y, x);
  switch (y.attrs.fn) {
    case "sum":
      return [b.expand(wide, x.shape)];
    case "mean":
      return [b.expand(b.affine(wide, 1, 0, n), x.shape)];
    case "sumSquares":
      return [b.mul(b.affine(x, 2), wide)];
    case "sumAbs":
      return [b.mul(b.unary("sign", x), wide)];
    default: {
      // largest or smallest: ties share the gradient evenly
      const hit = b.binary("equal", x, keepReduced(b, y as AnyNode, y, x));
      const count = b.add("reduce", [hit], { ...y.attrs, fn: "sum", keepDims: true });
      return [b.mul(hit, b.div(wide, count))];
    }
  }
};

const matmulRule: Rule<"matmul"> = (b, dy, y, ins) => {
  const [p, q] = ins as [AnyNode, AnyNode];
  const { transA, transB } = y.attrs;
  if (p.shape.length > 2 && q.shape.length === 2) {
    // One matrix for the whole batch: its gradient sums over the batch, as one product of flattened rows.
    const flat = transA ? b.asMatrix(b.transpose(p, swapLast(p.shape.length))) : b.asMatrix(p);
    const rows = b.asMatrix(dy);
    const dq = transB ? b.matmul(rows, flat, true, false) : b.matmul(flat, rows, true, false);
    const dp = transA
      ? b.transpose(b.matmul(dy, q, false, !transB), swapLast(p.shape.length))
      : b.matmul(dy, q, false, !transB);
    return [dp, dq];
  }
  const dp = transA ? b.matmul(q, dy, transB, true) : b.matmul(dy, q, false, !transB);
  const dq = transB ? b.matmul(dy, p, true, transA) : b.matmul(p, dy, !transA, false);
  return [dp, dq];
};

/** The permutation that swaps the last two of `rank` axes. */
export const swapLast = (rank: number): number[] =>
  Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : i === rank - 2 ? rank - 1 : rank - 2));

/** One row per op. */
export const rules: { readonly [K in OpName]: Rule<K> } = {
  input: stop,
  parameter: stop,
  state: stop,
  constant: stop,
  fill: stop,
  reshape: (b, dy, _, [x]) => [b.reshape(dy, x!.shape)],
  transpose: (b, dy, y) => {
    const inverse: number[] = [];
    y.attrs.permutation.forEach((p, i) => {
      inverse[p] = i;
    });
    return [b.transpose(dy, inverse)];
  },
  expand: (b, dy, _, [x]) => [sumToShape(b, dy, x!.shape)],
  slice: (b, dy, y, [x]) => [
    b.add("embedSlice", [dy], { axis: y.attrs.axis, start: y.attrs.start, shape: x!.shape }),
  ],
  embedSlice: (b, dy, y, [x]) => [
    b.add("slice", [dy], { axis: y.attrs.axis, start: y.attrs.start, length: x!.shape[y.attrs.axis]! }),
  ],
  concat: (b, dy, y, ins) => {
    const { axis } = y.attrs;
    let start = 0;
    return ins.map((x) => {
      const length = x.shape[axis] as number;
      const piece = b.add("slice", [dy], { axis, start, length });
      start += length;
      return piece;
    });
  },
  cast: () => [null],
  unary: unaryRule,
  // Second derivatives are not offered: a gradient node has no gradient.
  unaryGrad: stop,
  binary: binaryRule,
  reduce: reduceRule,
  matmul: matmulRule,
  softmax: (b, dy, y) => [b.add("softmaxGrad", [y as AnyNode, dy], { log: y.attrs.log })],
  softmaxGrad: stop,
  softmaxCrossEntropy: (b, dy, _, [x, labels]) => [
    b.add("softmaxCrossEntropyGrad", [x!, labels!, dy], {}),
    null,
  ],
  softmaxCrossEntropyGrad: stop,
  argMax: () => [null],
  gatherRows: (b, dy, _, [table, ids]) => [
    b.add("scatterAddRows", [dy, ids!], { tableRows: table!.shape[0] as number }),
    null,
  ],
  scatterAddRows: stop,
  dropout: (b, dy, y) => [b.add("dropout", [dy], y.attrs)],
  defined: (b, dy, y, ins) => definitionOf(y).gradient?.(b, dy, y as AnyNode, ins, y.attrs.attrs) ?? stop(),
  report: stop,
  guard: stop,
  clipByNorm: stop,
  clipByValue: stop,
  every: stop,
  constrain: stop,
  assign: stop,
  update: stop,
};
