// Evaluation: loss and metrics over a data set, in chunks of the planned batch size.
//
// Place: behind Trainer.evaluate. Invariant: every row counts once, in whatever chunk it is.

import type { TrainingExecutor } from "../core/training-executor.ts";
import type { Reduction } from "../losses/loss.ts";
import { type DataSet, feedsOf } from "./feeds.ts";
import { runChunk } from "./forward.ts";

/** The report averaged over all rows (or added up where losses are sums). */
export function evaluateRows(
  executor: TrainingExecutor,
  data: DataSet,
  objectives: readonly { readonly reduction: Reduction }[],
): Record<string, number> {
  const { program } = executor;
  const feeds = feedsOf(program, executor.graph("evaluate"), data);
  const summed = objectives.some((loss) => loss.reduction === "sum");
  const totals = program.reports.map(() => 0);
  const step = program.binding.batch;
  executor.prepareSampleWeights(feeds.feeds.some((feed) => feed.name === "sampleWeights"));
  for (let from = 0; from < feeds.rows; from += step) {
    const to = Math.min(feeds.rows, from + step);
    runChunk(executor, "evaluate", feeds, from, to);
    program.reports.forEach((name, slot) => {
      const add = summed && name.endsWith("loss");
      totals[slot]! += executor.report(0, slot) * (add ? 1 : to - from);
    });
  }
  const mean = (name: string, total: number) =>
    summed && name.endsWith("loss") ? total : total / feeds.rows;
  return Object.fromEntries(program.reports.map((name, slot) => [name, mean(name, totals[slot]!)]));
}
