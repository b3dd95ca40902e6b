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

/** Finds the row that an index out of range comes from, if it can. */
export type IndexFault = (fault: Fault, batch: FailedBatch, executor: Executor) => EdgegradError | undefined;

let known: IndexFault | undefined;

/** For what reads by index: labels, embeddings. A plain dense network that predicts does not. */
export const useIndexFaults = (find: IndexFault): void => {
  known = find;
};

/**
 * @param replay writes the batch into the inputs and runs the probe tape; gives its fault
 */
export function explainFault(
  fault: Fault,
  batch: FailedBatch,
  executor: Executor,
  replay: () => Fault | undefined,
): EdgegradError {
  if (fault.status === Status.IndexOutOfRange) {
    const layer = fault.node?.layer;
    const where = known?.(fault, batch, executor);
    return where ?? new ConfigError("data/index", `${layer}: an index is out of range`, { layer });
  }
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
    `${layer}: ${where} became infinite or NaN; weights and optimizer state are unchanged. ` +
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
