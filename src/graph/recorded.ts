// A piece of a graph as plain data: recorded from a function, replayed into another graph, kept in checkpoints.
//
// Place: how losses and metrics outlive the code that wrote them, so that a bundle carries only those it names.
// Invariant: replaying appends the very nodes that the function would have appended, in its order.

import { ConfigError } from "../errors.ts";
import type { Shape } from "../shape.ts";
import { GraphBuilder } from "./builder.ts";
import type { AnyNode, DTypeName, OpAttrs, OpName } from "./ops.ts";

/** Inputs have the first ids; each node's inputs are ids before its own. */
export interface RecordedGraph {
  readonly inputs: readonly { readonly shape: Shape; readonly dtype: DTypeName }[];
  readonly nodes: readonly RecordedNode[];
  readonly results: readonly number[];
}

export interface RecordedNode {
  readonly op: RecordedOp;
  readonly inputs: readonly number[];
  readonly attrs: OpAttrs[RecordedOp];
}

/** Ops without effects, states or randomness. */
export type RecordedOp = Extract<
  OpName,
  | "constant"
  | "fill"
  | "reshape"
  | "transpose"
  | "expand"
  | "slice"
  | "concat"
  | "cast"
  | "unary"
  | "binary"
  | "reduce"
  | "matmul"
  | "softmax"
  | "softmaxCrossEntropy"
  | "argMax"
  | "gatherRows"
>;

/** Ops that a recording may hold, with the names of their attributes. */
export const RECORDED: { readonly [K in RecordedOp]: readonly string[] } = {
  constant: ["shape", "data"],
  fill: ["shape", "value"],
  reshape: ["shape"],
  transpose: ["permutation"],
  expand: ["shape"],
  slice: ["axis", "start", "length"],
  concat: ["axis"],
  cast: ["to"],
  unary: ["fn", "p", "q"],
  binary: ["fn"],
  reduce: ["fn", "from", "to", "keepDims"],
  matmul: ["transA", "transB"],
  softmax: ["log"],
  softmaxCrossEntropy: [],
  argMax: [],
  gatherRows: [],
};

/**
 * @param what names the recording in messages
 * @param write appends ops that read the given nodes, and returns its results
 */
export function record(
  what: string,
  inputs: RecordedGraph["inputs"],
  write: (b: GraphBuilder, ...inputs: AnyNode[]) => readonly AnyNode[],
): RecordedGraph {
  const b = new GraphBuilder();
  b.layer = what;
  const given = inputs.map(({ shape, dtype }, i) =>
    b.add("input", [], { name: String(i), role: "x", shape, dtype }),
  );
  const results = write(b, ...given);
  const nodes = b.nodes.slice(inputs.length).map((node) => {
    if (!Object.hasOwn(RECORDED, node.op))
      throw new ConfigError("loss/op", `${what}: the op "${node.op}" is not for losses and metrics`, {
        op: node.op,
      });
    return { op: node.op, inputs: node.inputs, attrs: node.attrs } as RecordedNode;
  });
  return { inputs, nodes, results: results.map((node) => node.id) };
}

/** Appends a recording's nodes; returns its results. */
export function replay(
  b: GraphBuilder,
  { nodes, results }: RecordedGraph,
  inputs: readonly AnyNode[],
): AnyNode[] {
  const values = [...inputs];
  for (const node of nodes)
    values.push(
      b.add(
        node.op,
        node.inputs.map((i) => values[i]!),
        node.attrs as never,
      ),
    );
  return results.map((i) => values[i]!);
}
