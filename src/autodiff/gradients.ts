// Reverse-mode differentiation: walks the graph backwards and appends gradient nodes to the same graph.
//
// Place: after lowering, before the update. Invariant: only nodes that lie between a wanted parameter and the
// target get a gradient, so frozen parameters cost no backward work and no memory.

import { StateError } from "../errors.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import { opName } from "../graph/defined.ts";
import type { AnyNode, Node, OpName } from "../graph/ops.ts";
import { rules } from "./rules.ts";

/**
 * Appends the gradient of `target` to every node of `wanted`.
 *
 * @param seed gradient of the target itself; 1 if absent (then the target must be a scalar)
 * @returns gradients in the order of `wanted`; zeros where the target does not depend on a node
 */
export function gradients(
  b: GraphBuilder,
  target: AnyNode,
  wanted: readonly AnyNode[],
  seed?: AnyNode,
): AnyNode[] {
  const end = target.id;
  const needed = new Uint8Array(end + 1);
  for (const node of wanted) if (node.id <= end) needed[node.id] = 1;
  for (let id = 0; id <= end; id++) if (b.at(id).inputs.some((input) => needed[input] === 1)) needed[id] = 1;

  const grads = new Map<number, AnyNode>();
  grads.set(end, seed ?? b.fill(target.shape, 1));
  for (let id = end; id >= 0; id--) {
    const dy = grads.get(id);
    if (!dy || needed[id] !== 1) continue;
    const node = b.at(id);
    if (node.inputs.length === 0) continue;
    b.layer = node.layer;
    const ins = node.inputs.map((i) => b.at(i));
    const rule = rules[node.op] as (
      b: GraphBuilder,
      dy: AnyNode,
      y: Node<OpName>,
      ins: AnyNode[],
    ) => (AnyNode | null)[];
    const dins = rule(b, dy, node as Node<OpName>, ins);
    if (dins.length === 0)
      throw new StateError("autodiff/no-rule", `${node.layer}: ${opName(node)} cannot be differentiated`, {
        layer: node.layer,
      });
    dins.forEach((dx, i) => {
      const input = node.inputs[i]!;
      if (!dx || needed[input] !== 1) return;
      const earlier = grads.get(input);
      grads.set(input, earlier ? b.addUp(earlier, dx) : dx);
    });
  }
  b.layer = "";
  return wanted.map((node) => grads.get(node.id) ?? b.fill(node.shape, 0));
}
