// How far the values of a graph are from the points where a derivative jumps: kinks, ties, whole numbers under floor.
//
// Place: test/graphs draws again what falls too near, because a central difference across a kink proves nothing.
// Invariant: an op that is not smooth everywhere has a row here.

import type { Graph } from "../../src/graph/builder.ts";
import type { AnyNode, BinaryName, UnaryName } from "../../src/graph/ops.ts";
import type { PoolAttrs } from "../../src/ops/pooling.ts";
import type { RnnAttrs } from "../../src/ops/recurrent.ts";
import { windowAt } from "../reference/images.ts";
import { rnnPrevious } from "../reference/recurrent.ts";
import { at, broadcastAt, generate, type Tensor, unravel } from "../reference/tensor.ts";

const toInteger = (x: number): number => Math.abs(x - Math.round(x));

/** Distance of one argument from the nearest kink; smooth functions have no row. */
const unaryKinks: { readonly [K in UnaryName]?: (x: number, p: number, q: number) => number } = {
  abs: Math.abs,
  sign: Math.abs,
  step: Math.abs,
  relu: Math.abs,
  leakyRelu: Math.abs,
  elu: Math.abs,
  floor: toInteger,
  clamp: (x, p, q) => Math.min(Math.abs(x - p), Math.abs(x - q)),
  huber: (x, p) => Math.abs(Math.abs(x) - p),
  softplus: (x, p, q) => Math.abs(p * x - q),
};

const binaryKinks: ReadonlySet<BinaryName> = new Set(["max", "min", "equal", "greater", "prefers"]);

const least = (values: Iterable<number>): number => {
  let result = Infinity;
  for (const v of values) if (v < result) result = v;
  return result;
};

/** Gap between the largest and the second largest of some numbers. */
function topGap(values: number[]): number {
  const sorted = values.sort((a, b) => b - a);
  return sorted.length < 2 ? Infinity : sorted[0]! - sorted[1]!;
}

/** Elements of x grouped by the result they are reduced into. */
function groups(x: Tensor, from: number, to: number): number[][] {
  const found = new Map<string, number[]>();
  x.data.forEach((value, flat) => {
    const index = unravel(flat, x.shape);
    const key = [...index.slice(0, from), ...index.slice(to + 1)].join();
    const group = found.get(key);
    if (group) group.push(value);
    else found.set(key, [value]);
  });
  return [...found.values()];
}

/** relu's arguments inside a recurrent layer: x[n, t] + h[n, t−1]·w */
function reluRnnArguments(attrs: RnnAttrs, h: Tensor, ins: readonly Tensor[]): Tensor {
  const [x, w] = ins as [Tensor, Tensor];
  const { reverse, hasH0 } = attrs;
  const before = rnnPrevious({ reverse, hasH0 }, hasH0 ? [h, ins[2]!] : [h]);
  return generate(x.shape, ([n, t, j]) => {
    let sum = at(x, [n!, t!, j!]);
    for (let i = 0; i < w.shape[0]!; i++) sum += at(before, [n!, t!, i]) * at(w, [i, j!]);
    return sum;
  });
}

/** The smallest lead of a window's largest element. */
function poolGap(attrs: PoolAttrs, x: Tensor, y: Tensor): number {
  if (attrs.fn !== "max") return Infinity;
  const size = [x.shape[1]!, x.shape[2]!] as const;
  return least(
    generate(y.shape, ([n, oy, ox, c]) => {
      const { pixels } = windowAt(size, attrs, oy!, ox!);
      return topGap(pixels.map(([row, column]) => at(x, [n!, row, column, c!])));
    }).data,
  );
}

function distanceOf(node: AnyNode, y: Tensor, ins: readonly Tensor[]): number {
  const [x] = ins;
  switch (node.op) {
    case "unary": {
      const { fn, p, q } = node.attrs;
      const kink = unaryKinks[fn];
      return kink ? least(x!.data.map((v) => kink(v, p, q))) : Infinity;
    }
    case "binary": {
      if (!binaryKinks.has(node.attrs.fn)) return Infinity;
      const [a, b] = ins as [Tensor, Tensor];
      return least(
        generate(y.shape, (index) => Math.abs(broadcastAt(a, index) - broadcastAt(b, index))).data,
      );
    }
    case "reduce": {
      const { fn, from, to } = node.attrs;
      if (fn === "sumAbs") return least(x!.data.map(Math.abs));
      if (fn !== "max" && fn !== "min") return Infinity;
      return least(groups(x!, from, to).map((g) => topGap(fn === "max" ? g : g.map((v) => -v))));
    }
    case "argMax": {
      const last = x!.shape.length - 1;
      return least(groups(x!, last, last).map(topGap));
    }
    case "defined": {
      const { definition, attrs } = node.attrs;
      if (definition.name === "pool2d") return poolGap(attrs, x!, y);
      if (definition.name !== "rnn" || !(attrs as RnnAttrs).relu) return Infinity;
      return least(reluRnnArguments(attrs, y, ins).data.map(Math.abs));
    }
    default:
      return Infinity;
  }
}

/** The smallest distance over all nodes; `values` holds every node's value. */
export const distanceToKink = (graph: Graph, values: readonly Tensor[]): number =>
  least(
    graph.nodes.map((node) =>
      distanceOf(
        node,
        values[node.id]!,
        node.inputs.map((i) => values[i]!),
      ),
    ),
  );
