// The losses and metrics of a model as recorded ops: from here on they are plain data.
//
// Place: a trainer makes them of its options; a checkpoint brings its own. Invariant: nothing behind this file calls
// a loss or a metric, so a resumed trainer runs the same ops as the one that was saved.

import type { RecordedObjective } from "../compile.ts";
import { type RecordedGraph, record } from "../graph/recorded.ts";
import type { Loss, TargetSpec } from "../losses/loss.ts";
import type { Metric } from "../metrics/metrics.ts";
import type { Shape } from "../shape.ts";

/** Records what is minimized and measured at one output. */
export function recordObjective(
  output: string,
  shape: Shape,
  loss: Loss,
  weight: number,
  metrics: readonly Metric[],
): RecordedObjective {
  const target = loss.target(shape) ?? null;
  const inputs: TargetSpec[] = [{ shape, dtype: "f32" }, ...(target ? [target] : [])];
  const recorded = (what: string, write: Parameters<typeof record>[2]): RecordedGraph =>
    record(what, inputs, (b, y, t) => write(b, y!, t ?? y!));
  return {
    output,
    name: loss.name,
    reduction: loss.reduction,
    weight,
    target,
    loss: recorded(`${loss.name} (loss)`, (b, y, t) => [
      loss.perSample(b, y!, t!),
      ...(loss.weight && loss.reduction === "mean" ? [loss.weight(b, y!, t!)] : []),
    ]),
    metrics: metrics.map((metric) => ({
      name: metric.name,
      graph: recorded(`${metric.name} (metric)`, (b, y, t) => [metric.build(b, y!, t!)]),
    })),
  };
}
