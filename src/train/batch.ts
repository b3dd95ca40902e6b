// One training step on one batch: its rows into the core, one call, the report out.
//
// Place: behind Trainer.step, Trainer.gradients and runs over a stream of batches; run-loop.ts is for staged data.
// Invariant: a step that fails has changed neither weights nor optimizer state.

import { Status } from "../abi.ts";
import type { TrainingExecutor } from "../core/training-executor.ts";
import { ShapeError } from "../errors.ts";
import { explainFault } from "./faults.ts";
import { type DataSet, type Feeds, feedsOf } from "./feeds.ts";
import { writeInputs } from "./forward.ts";
import type { Rates } from "./rates.ts";

/** Loss and metrics of a step or an evaluation, by name. */
export type Report = { readonly loss: number } & Readonly<Record<string, number>>;

/** The batch as feeds. @throws ShapeError if it has more rows than the plan */
export function batchFeeds(executor: TrainingExecutor, batch: DataSet): Feeds {
  const feeds = feedsOf(executor.program, executor.graph("train"), batch);
  const most = executor.program.binding.batch;
  if (feeds.rows > most)
    throw new ShapeError("step/rows", `x: a step takes at most batchSize = ${most} rows, got ${feeds.rows}`, {
      tensor: "x",
    });
  executor.prepareSampleWeights(batch.sampleWeights !== undefined);
  return feeds;
}

/** Runs the training tape once: all of it, or up to the gradients. */
export function runBatch(
  executor: TrainingExecutor,
  feeds: Feeds,
  form: "full" | "gradients",
  rates: Rates,
): void {
  const binding = { batch: feeds.rows, time: feeds.time };
  writeInputs(executor, feeds.feeds, 0, feeds.rows);
  const slot = executor.tape({ kind: "train", form, binding });
  executor.beginCall();
  rates.fill(1);
  const status = executor.run(slot, 1);
  if (status === Status.Ok) return;
  const replay = () => {
    const probe = executor.tape({ kind: "train", form: "probe", binding });
    const { step } = executor;
    const found = executor.run(probe, 1);
    executor.step = step;
    return found === Status.Ok ? undefined : executor.fault(probe, found);
  };
  throw explainFault(
    executor.fault(slot, status),
    { feeds: feeds.feeds, rowAt: (i) => i, binding },
    executor,
    replay,
  );
}

/** Loss and metrics of the last step. */
export function reportOf(executor: TrainingExecutor): Report {
  const { reports } = executor.program;
  const report: Record<string, number> = {};
  for (let i = 0; i < reports.length; i++) report[reports[i]!] = executor.report(0, i);
  return report as Report;
}
