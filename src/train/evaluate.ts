// Evaluation: loss and metrics over a data set, in chunks of the planned batch size.
//
// Place: behind Trainer.evaluate. Invariant: every row counts once, in whatever chunk it is; a loss with class weights or
// ignored labels is one mean over what counts in all chunks.

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
  const { reports, counted = [] } = program;
  const feeds = feedsOf(program, executor.graph("evaluate"), data);
  const summed = objectives.some((loss) => loss.reduction === "sum");
  const several = Object.keys(program.model.graph.outputs).length > 1;
  const totals = reports.map(() => 0);
  const shares = counted.map(() => ({ sum: 0, count: 0 }));
  const step = program.binding.batch;
  executor.prepareSampleWeights(feeds.feeds.some((feed) => feed.name === "sampleWeights"));
  for (let from = 0; from < feeds.rows; from += step) {
    const to = Math.min(feeds.rows, from + step);
    runChunk(executor, "evaluate", feeds, from, to);
    const values = reports.map((_, slot) => executor.report(0, slot));
    counted.forEach(({ weight }, i) => {
      const [value, count] = [0, 1].map((k) => executor.report(0, reports.length + 2 * i + k)) as [
        number,
        number,
      ];
      shares[i]!.sum += value * count;
      shares[i]!.count += count;
      // Taken out of the loss here, and put back as one mean over all that counts.
      values[0]! -= weight * value;
    });
    reports.forEach((name, slot) => {
      totals[slot]! += values[slot]! * (summed && name.endsWith("loss") ? 1 : to - from);
    });
  }
  const result = reports.map((name, slot) =>
    summed && name.endsWith("loss") ? totals[slot]! : totals[slot]! / feeds.rows,
  );
  counted.forEach(({ weight, column }, i) => {
    const mean = shares[i]!.sum / Math.max(shares[i]!.count, 1e-12);
    result[0]! += weight * mean;
    if (several) result[column] = mean;
  });
  return Object.fromEntries(reports.map((name, slot) => [name, result[slot]!]));
}
