// Drops dead nodes: what neither an effect nor a wanted output needs is not run.
//
// Place: between the finished graph and the plan. Invariant: the schedule keeps the graph's order and ids.

import type { Graph } from "../graph/builder.ts";
import type { AnyNode, OpName } from "../graph/ops.ts";

const EFFECTS: ReadonlySet<OpName> = new Set<OpName>([
  "report",
  "guard",
  "clipByNorm",
  "clipByValue",
  "assign",
  "every",
  "update",
  "constrain",
]);

export const isEffect = (node: AnyNode): boolean => EFFECTS.has(node.op);

/** Nodes to run, in order: every effect, the outputs, and what they depend on. */
export function liveNodes(graph: Graph, outputs: readonly number[]): AnyNode[] {
  const live = new Uint8Array(graph.nodes.length);
  for (const id of outputs) live[id] = 1;
  for (let id = graph.nodes.length - 1; id >= 0; id--) {
    const node = graph.nodes[id]!;
    if (isEffect(node)) live[id] = 1;
    if (live[id] === 1) for (const input of node.inputs) live[input] = 1;
  }
  return graph.nodes.filter((node) => live[node.id] === 1);
}
