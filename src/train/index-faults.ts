// An index out of range as an error that names the row and the value it came from.
//
// Place: brought to faults.ts by trainers and by the layers that read by index. Invariant: writes to nothing.

import { ConfigError } from "../errors.ts";
import { type IndexFault, useIndexFaults } from "./faults.ts";

/** Ops between an input of labels and the op that reads them. */
const SEEN_THROUGH: ReadonlySet<string> = new Set(["reshape", "cast", "binary"]);

const outOfRange: IndexFault = ({ node, detail }, { feeds, rowAt }, executor) => {
  const graph = executor.program.plan.graphs.find((g) => g.graph.nodes[node?.id ?? -1] === node);
  const position = node?.op === "gatherRows" || node?.op === "softmaxCrossEntropy" ? 1 : 0;
  let source = node && graph ? graph.graph.nodes[node.inputs[position]!] : undefined;
  while (source && SEEN_THROUGH.has(source.op)) source = graph!.graph.nodes[source.inputs[0]!];
  const feed = source?.op === "input" ? feeds.find((f) => f.name === source.attrs.name) : undefined;
  const table = node && graph ? graph.graph.nodes[node.inputs[0]!]! : undefined;
  const limit = node?.op === "gatherRows" ? table?.shape[0] : table?.shape.at(-1);
  if (!feed) return undefined;
  const row = rowAt(Math.floor(detail / feed.columns));
  const value = feed.data[row * feed.columns + (detail % feed.columns)];
  return new ConfigError(
    "data/index",
    `${node!.layer}: ${feed.name} has ${value} in row ${row}, expected an integer from 0 to ${Number(limit) - 1}`,
    { layer: node!.layer, tensor: feed.name, row, value },
  );
};

/** Lets faults say which row and value an index came from. */
export const explainIndices = (): void => useIndexFaults(outOfRange);
