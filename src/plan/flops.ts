// Work of each op: 2 per multiply-add in products, 1 per element elsewhere.
//
// Place: part of the plan; budgets of run() and fit() are counted in it, never in time.
// Invariant: depends on shapes alone.

import { definitionOf } from "../graph/defined.ts";
import { type AnyNode, lastTwo, type Node, type OpName } from "../graph/ops.ts";
import { type Binding, bindDim, sizeOf } from "../shape.ts";

const FREE: ReadonlySet<OpName> = new Set<OpName>([
  "input",
  "parameter",
  "state",
  "constant",
  "fill",
  "reshape",
]);

export function flopsOf(node: AnyNode, inputs: readonly AnyNode[], binding: Binding): number {
  if (FREE.has(node.op)) return 0;
  const elements = sizeOf(node.shape, binding);
  switch (node.op) {
    case "matmul": {
      const [, k] = lastTwo(inputs[0]!.shape, (node as Node<"matmul">).attrs.transA);
      return 2 * elements * bindDim(k, binding);
    }
    case "reduce":
      return sizeOf(inputs[0]!.shape, binding);
    case "defined": {
      const of = node as Node<"defined">;
      return definitionOf(of).flops(of.attrs.attrs, inputs, node, binding);
    }
    default:
      return elements;
  }
}
