// Lets an op take the one op that reads it into its own record: a relu behind a convolution, a relu's gradient in front.
//
// Place: the last pass over a finished graph. Which readers an op takes is said by its definition, so that a program
// without convolutions carries none of it.
// Invariant: the bits are those of the two records; a node keeps its id, and what was absorbed is read by nothing.

import type { GraphBuilder } from "../graph/builder.ts";
import { definitionOf } from "../graph/defined.ts";
import type { AnyNode, Node } from "../graph/ops.ts";
import { liveNodes } from "./live.ts";

/** @param kept nodes whose values are wanted themselves: outputs, gradients */
export function absorbReaders(b: GraphBuilder, kept: readonly number[]): void {
  if (!b.nodes.some((node) => node.op === "defined" && definitionOf(node).absorb)) return;
  const wanted = new Set(kept);
  const schedule = liveNodes(b, kept);
  const readers = new Map<number, number>();
  for (const node of schedule) for (const id of node.inputs) readers.set(id, (readers.get(id) ?? 0) + 1);
  for (const { id: at } of schedule) {
    // As it is now: it may have been changed by what stood before it.
    const reader = b.at(at);
    for (const id of reader.inputs) {
      const node = b.at(id);
      if (node.op !== "defined" || wanted.has(id) || readers.get(id) !== 1) continue;
      const taken = definitionOf(node).absorb?.(node, reader, node.attrs.attrs);
      if (!taken) continue;
      const attrs = { definition: definitionOf(node), attrs: taken.attrs as never };
      b.nodes[at] = { ...node, id: at, inputs: taken.inputs, attrs } satisfies Node<"defined"> as AnyNode;
      break;
    }
  }
}
