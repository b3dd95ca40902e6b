// Turns a status of the core into an error that names the layer, the tensor, the row and what to do.
//
// Place: called when `run` returns something else than Ok. Invariant: weights and optimizer state are as they were
// before the failed step; nothing here writes to them.

import { Status } from "../abi.ts";
import type { Executor, Fault } from "../core/executor.ts";
import { ConfigError, CoreError, type EdgegradError } from "../errors.ts";
import { opName } from "../graph/defined.ts";
import type { Binding } from "../shape.ts";
import type { Feed, NumericArray } from "./feeds.ts";

/** The batch of the failed step: the feeds and the row of the data set behind each of its rows. */
export interface FailedBatch {
  readonly feeds: readonly Feed[];
  rowAt(position: number): number;
  readonly binding: Binding;
}

/**
 * @param replay writes the batch into the inputs and runs the probe tape; gives its fault
 */
export function explainFault(
  fault: Fault,
  batch: FailedBatch,
  executor: Executor,
  replay: () => Fault | undefined,
): EdgegradError {
  if (fault.status === Status.IndexOutOfRange) return outOfRange(fault, batch, executor);
  if (fault.status !== Status.NotFinite)
    return new CoreError(
      "core/status",
      `the core stopped with status ${fault.status}: host and core do not fit`,
      {
        status: fault.status,
      },
    );
  const bad = findBadInput(batch);
  if (bad) return bad;
  const first = replay();
  const layer = first?.node?.layer || "loss";
  const where = first?.node ? `${opName(first.node)} of ${layer}` : "the gradients";
  return new CoreError(
    "train/not-finite",
    `${layer}: ${where} became infinite or NaN in this step; weights and optimizer state are unchanged. ` +
      "Lower the learning rate, scale the inputs or clip the gradients (clipNorm)",
    { layer, op: first?.node?.op },
  );
}

/** The first value of the batch that is NaN or infinite. */
function findBadInput({ feeds, rowAt, binding }: FailedBatch): EdgegradError | undefined {
  for (const feed of feeds)
    for (let position = 0; position < binding.batch; position++) {
      const row = rowAt(position);
      for (let column = 0; column < feed.columns; column++) {
        const value = (feed.data as NumericArray)[row * feed.columns + column]!;
        if (!Number.isFinite(Math.fround(value)))
          return new ConfigError(
            "data/not-finite",
            `${feed.name}: row ${row} has ${value} at position ${column}; replace or drop it before training`,
            { tensor: feed.name, row, column },
          );
      }
    }
  return undefined;
}

/** Ops between an input of labels and the op that reads them. */
const SEEN_THROUGH: ReadonlySet<string> = new Set(["reshape", "cast", "binary"]);

function outOfRange(
  { node, detail }: Fault,
  { feeds, rowAt }: FailedBatch,
  executor: Executor,
): EdgegradError {
  const graph = executor.program.plan.graphs.find((g) => g.graph.nodes[node?.id ?? -1] === node);
  const position = node?.op === "gatherRows" || node?.op === "softmaxCrossEntropy" ? 1 : 0;
  let source = node && graph ? graph.graph.nodes[node.inputs[position]!] : undefined;
  while (source && SEEN_THROUGH.has(source.op)) source = graph!.graph.nodes[source.inputs[0]!];
  const feed = source?.op === "input" ? feeds.find((f) => f.name === source.attrs.name) : undefined;
  const table = node && graph ? graph.graph.nodes[node.inputs[0]!]! : undefined;
  const limit = node?.op === "gatherRows" ? table?.shape[0] : table?.shape.at(-1);
  if (!feed)
    return new ConfigError("data/index", `${node?.layer}: an index is out of range`, { layer: node?.layer });
  const row = rowAt(Math.floor(detail / feed.columns));
  const value = feed.data[row * feed.columns + (detail % feed.columns)];
  return new ConfigError(
    "data/index",
    `${node!.layer}: ${feed.name} has ${value} in row ${row}, expected an integer from 0 to ${Number(limit) - 1}`,
    { layer: node!.layer, tensor: feed.name, row, value },
  );
}
