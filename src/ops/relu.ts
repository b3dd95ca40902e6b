// How a defined op recognizes a relu that it can take into its own record.
//
// Place: asked by `absorb` of convolution and pooling. Invariant: looks at one node and its inputs, nothing else.

import type { AnyNode } from "../graph/ops.ts";

export const isRelu = (node: AnyNode): boolean => node.op === "unary" && node.attrs.fn === "relu";

/** The relu's result, if `reader` is the gradient of a relu whose own gradient is `dy`. */
export const reluGradOf = (reader: AnyNode, dy: AnyNode): number | undefined =>
  reader.op === "unaryGrad" && reader.attrs.fn === "relu" && reader.inputs[1] === dy.id
    ? reader.inputs[0]
    : undefined;
