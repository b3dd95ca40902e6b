// Scores of a trainer's predictions, for `evaluate`-like figures and for the validation of a run.
//
// Place: between Trainer.predict and metrics/scores.ts. Only apps that import it carry it. Invariant: scores are exact
// over all rows, not means over batches; rows that weigh 0 or whose label is ignored do not count.

import { ConfigError, ShapeError } from "../errors.ts";
import type { Score } from "../metrics/score.ts";
import type { DataSet, NumericArray } from "./feeds.ts";
import type { Evaluated } from "./options.ts";

export interface ScoredOptions {
  /** The output that is scored, for models with several. */
  output?: string;
  /** Rows with this label do not count, as in the loss. */
  ignoreLabel?: number;
  /** Weight of each class, beside the rows' own `sampleWeights`. */
  classWeights?: readonly number[];
}

const isArray = (value: unknown): value is NumericArray => Array.isArray(value) || ArrayBuffer.isView(value);

function of<T extends object>(
  what: string,
  values: NumericArray | T,
  output: string | undefined,
): NumericArray {
  const value = isArray(values) ? values : (values as Record<string, unknown>)[output ?? ""];
  if (isArray(value)) return value;
  throw new ShapeError(
    "metric/output",
    `scored: ${what} has several arrays: give { output }, one of ${Object.keys(values)}`,
    {
      tensor: what,
    },
  );
}

/**
 * A function of a trainer that gives loss, metrics and scores over a data set: call it, or give it to `fit` as
 * `validation`. Each score is a factory, as it begins anew every time.
 *
 * @example
 * const figures = scored(validation, [rocAuc, prAuc, () => f1Score({ threshold: 0.3 })]);
 * figures(trainer).rocAuc;
 * await trainer.fit(data, { validation: figures, earlyStopping: { monitor: "rocAuc", mode: "max" } });
 * @throws ConfigError where a score cannot be given: one class alone for rocAuc, constant targets for rSquared
 */
export function scored(
  data: DataSet,
  scores: readonly (() => Score)[],
  { output, ignoreLabel, classWeights }: ScoredOptions = {},
): (trainer: Evaluated) => Record<string, number> {
  if (classWeights?.some((w) => !(w >= 0 && Number.isFinite(w))))
    throw new ConfigError("metric/weight", "scored: classWeights must be finite numbers ≥ 0", {
      option: "classWeights",
    });
  const targets = of("y", data.y, output);
  const weights = weightsOf(targets, data.sampleWeights, ignoreLabel, classWeights);
  return (trainer) => {
    const report = trainer.evaluate(data);
    const prediction = trainer.predict(data.x, data.lengths && { lengths: data.lengths });
    const values = of("prediction", prediction, output);
    const figures: Record<string, number> = { ...report };
    for (const make of scores) {
      const score = make();
      figures[score.name] = score.update(values, targets, weights).result();
    }
    return figures;
  };
}

/** One weight per target, where they are not all 1. */
function weightsOf(
  targets: NumericArray,
  rows: NumericArray | undefined,
  ignored: number | undefined,
  classes: readonly number[] | undefined,
): NumericArray | undefined {
  if (ignored === undefined && !classes) return rows;
  const perRow = rows ? targets.length / rows.length : 1;
  return Float64Array.from(targets, (label, i) => {
    if (label === ignored) return 0;
    const own = classes ? classes[label] : 1;
    if (own === undefined)
      throw new ConfigError(
        "metric/label",
        `scored: classWeights has no weight for label ${label} in row ${i}`,
        {
          row: i,
        },
      );
    return own * (rows?.[Math.floor(i / perRow)] ?? 1);
  });
}
