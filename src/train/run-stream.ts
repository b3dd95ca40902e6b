// Training on batches that come from outside, one step each, for data that does not fit memory.
//
// Place: behind Trainer.run and Trainer.fit for async iterables. Invariant: one pass; it keeps no batch.

import type { TrainingExecutor } from "../core/training-executor.ts";
import type { DataSet } from "./feeds.ts";
import { type Budget, budgetSteps, type Progress } from "./run-loop.ts";

/** Batches of at most `batchSize` rows. */
export type BatchStream = AsyncIterable<DataSet>;

export interface StreamRequest {
  readonly executor: TrainingExecutor;
  readonly batches: BatchStream;
  /** Runs one step; returns its rows. */
  step(batch: DataSet): number;
  readonly budget: Budget;
  readonly signal?: AbortSignal | undefined;
  validate?(): Record<string, number>;
}

export async function* runStream(request: StreamRequest): AsyncGenerator<Progress, void> {
  const { executor, budget, signal } = request;
  const { reports } = executor.program;
  const { flops } = executor.graph("train");
  let left = budgetSteps(budget, flops);
  let rows = 0;
  const sums = reports.map(() => 0);
  const progress = (extra: Partial<Progress>): Progress => ({
    epoch: 1,
    epochs: 1,
    step: executor.step,
    row: rows,
    rows,
    epochEnd: false,
    loss: sums[0]! / Math.max(rows, 1),
    metrics: Object.fromEntries(reports.map((name, i) => [name, sums[i]! / Math.max(rows, 1)]).slice(1)),
    ...extra,
  });
  for await (const batch of request.batches) {
    if (signal?.aborted) return yield progress({ reason: "aborted" });
    if (left-- < 1) return yield progress({ reason: "budget" });
    const count = request.step(batch);
    rows += count;
    reports.forEach((_, i) => {
      sums[i]! += executor.report(0, i) * count;
    });
    yield progress({});
  }
  const validation = request.validate?.();
  yield progress({ epochEnd: true, reason: "done", ...(validation && { validation }) });
}
