// Which inputs an op may overwrite with its result, as the kernels allow (see abi.ts: "may alias").
//
// Place: used by plan/arena.ts. Invariant: an entry here is a promise of the kernel, tested on random graphs.

import { definitionOf } from "../graph/defined.ts";
import type { AnyNode, OpName } from "../graph/ops.ts";

/** Positions among the op's inputs, best first. */
const IN_PLACE: { readonly [K in OpName]?: readonly number[] } = {
  unary: [0],
  unaryGrad: [1, 0],
  binary: [0, 1],
  softmax: [0],
  softmaxGrad: [1],
  softmaxCrossEntropyGrad: [0],
  dropout: [0],
};

/** Positions among a node's inputs whose memory its result may take. */
export const inPlaceInputs = (node: AnyNode): readonly number[] =>
  (node.op === "defined" ? definitionOf(node).inPlace : IN_PLACE[node.op]) ?? [];

/** Reshapes share their input's memory: the node that owns it. */
export function storageOf(nodes: readonly AnyNode[], id: number): number {
  let at = id;
  while (nodes[at]!.op === "reshape") at = nodes[at]!.inputs[0]!;
  return at;
}
