// What predictions on a table are worth: figures by the kind of target, and how they are shown.
// Place: command line; shared by train, evaluate and cross-validate. Invariant: figures of numbers are in the unit of the
// file, not of the scaled target.

import type { Preprocessing } from "../data/preprocessing.ts";
import {
  confusionMatrix,
  logLoss,
  prAuc,
  rocAuc,
  rootMeanSquaredError,
  rSquared,
} from "../metrics/scores.ts";
import { formatConfusionMatrix } from "./confusion-matrix.ts";

export interface TableScores {
  readonly figures: Readonly<Record<string, number>>;
  /** Counts by true class and decision; none for numbers. */
  readonly confusion?: readonly (readonly number[])[];
}

/** Figures of logits against classes, or of scaled numbers. Areas under curves are left out on request, and where the rows are of
 * one class only. */
export function scoreTable(
  { target }: Preprocessing,
  outputs: Float32Array,
  y: Int32Array | Float32Array,
  { areas = true } = {},
): TableScores {
  if (target?.type !== "classes") {
    const { offset, divisor } = target ?? { offset: 0, divisor: 1 };
    const inUnit = (values: Float32Array | Int32Array) =>
      Float64Array.from(values, (v) => v * divisor + offset);
    const [predicted, real] = [inUnit(outputs), inUnit(y)];
    const absolute = predicted.reduce((sum, value, i) => sum + Math.abs(value - real[i]!), 0) / real.length;
    const spread = real.some((value) => value !== real[0]);
    return {
      figures: {
        rmse: rootMeanSquaredError().update(predicted, real).result(),
        mae: absolute,
        // All targets equal: there is nothing to explain.
        ...(spread && { r2: rSquared().update(predicted, real).result() }),
      },
    };
  }
  return scoreClasses(outputs, y, target.values.length, areas);
}

/** Figures of logits [rows, classes] against labels. */
export function scoreClasses(
  logits: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
  areas = true,
): Required<TableScores> {
  const confusion = confusionMatrix({ classes }).update(logits, labels).result();
  const right = confusion.reduce((sum, row, i) => sum + row[i]!, 0);
  const figures: Record<string, number> = {
    accuracy: right / labels.length,
    logLoss: logLoss({ classes }).update(logits, labels).result(),
  };
  if (areas && classes === 2 && confusion.every((row) => row.some((count) => count > 0))) {
    const margins = Float64Array.from(labels, (_, i) => logits[2 * i + 1]! - logits[2 * i]!);
    figures.rocAuc = rocAuc().update(margins, labels).result();
    figures.prAuc = prAuc().update(margins, labels).result();
  }
  return { figures, confusion };
}

const LABELS: Readonly<Record<string, string>> = {
  logLoss: "log loss",
  rocAuc: "ROC-AUC",
  prAuc: "PR-AUC",
  rmse: "RMSE",
  mae: "MAE",
  r2: "R²",
};

/** "accuracy 97.12% · ROC-AUC 0.9712", with the deviation over folds where there is one. */
export function formatFigures(
  figures: Readonly<Record<string, number>>,
  deviations?: Readonly<Record<string, number>>,
): string {
  const number = (name: string, value: number) =>
    name === "accuracy" ? `${(100 * value).toFixed(2)}%` : value.toPrecision(4);
  return Object.entries(figures)
    .map(([name, value]) => {
      const around = deviations ? ` ± ${number(name, deviations[name]!)}` : "";
      return `${LABELS[name] ?? name} ${number(name, value)}${around}`;
    })
    .join(" · ");
}

/** The confusion matrix with the names of the classes. */
export function confusionText({ target }: Preprocessing, { confusion }: TableScores): string | undefined {
  if (!confusion || target?.type !== "classes") return undefined;
  return formatConfusionMatrix(confusion.flat(), target.values);
}
