// How good predictions are: which class is taken for which, whether confidence is deserved, how far values are off.
//
// Place: figures of the report; plain data. Invariant: the counts of every table sum to the number of rows.

import { ConfigError, ShapeError } from "../errors.ts";
import { rootMeanSquaredError, rSquared } from "../metrics/scores.ts";

/** Predictions of one range of confidence. */
export interface ConfidenceBin {
  readonly rows: number;
  /** Mean confidence of the class that was named, and share of rows where it was right. */
  readonly confidence: number;
  readonly accuracy: number;
}

export interface ClassAssessment {
  readonly kind: "classes";
  readonly rows: number;
  readonly accuracy: number;
  /** counts[truth][prediction] */
  readonly confusion: readonly (readonly number[])[];
  readonly bins: readonly ConfidenceBin[];
  /** Mean of |accuracy − confidence|, weighted by rows. */
  readonly calibrationError: number;
}

export interface ValueAssessment {
  readonly kind: "values";
  readonly rows: number;
  readonly rootMeanSquaredError: number;
  readonly meanAbsoluteError: number;
  /** Absent where all targets are equal. */
  readonly rSquared?: number;
  /** Some rows, evenly spread: [target, prediction]. */
  readonly pairs: readonly (readonly [number, number])[];
}

export type Assessment = ClassAssessment | ValueAssessment;

const BINS = 10;
const PAIRS = 400;

/**
 * Assesses class predictions: C numbers a row against integer labels, or one number a row against 0 and 1.
 *
 * @param fromLogits predictions are logits (default) or probabilities
 */
export function assessClasses(
  predictions: ArrayLike<number>,
  labels: ArrayLike<number>,
  fromLogits = true,
): ClassAssessment {
  const rows = labels.length;
  const columns = predictions.length / rows;
  if (!(Number.isInteger(columns) && columns > 0))
    throw new ShapeError(
      "report/shape",
      `report: expected a whole number of predictions for each of ${rows} labels, got ${predictions.length}`,
    );
  const classes = Math.max(columns, 2);
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  const sums = Array.from({ length: BINS }, () => ({ rows: 0, confidence: 0, hits: 0 }));
  let hits = 0;
  for (let row = 0; row < rows; row++) {
    const label = labels[row]!;
    if (!(Number.isInteger(label) && label >= 0 && label < classes))
      throw new ConfigError(
        "report/label",
        `report: row ${row} has label ${label}, expected 0 to ${classes - 1}`,
        {
          row,
        },
      );
    const shares = sharesOf(predictions, row * columns, columns, fromLogits);
    if (!shares.every(Number.isFinite))
      throw new ConfigError("report/not-finite", `report: the predictions of row ${row} are not finite`, {
        row,
      });
    let best = 0;
    for (let c = 1; c < classes; c++) if (shares[c]! > shares[best]!) best = c;
    const hit = Number(best === label);
    confusion[label]![best]!++;
    hits += hit;
    const bin = sums[Math.min(BINS - 1, Math.max(0, Math.floor(shares[best]! * BINS)))]!;
    bin.rows++;
    bin.confidence += shares[best]!;
    bin.hits += hit;
  }
  const bins = sums
    .filter((bin) => bin.rows > 0)
    .map((bin) => ({ rows: bin.rows, confidence: bin.confidence / bin.rows, accuracy: bin.hits / bin.rows }));
  const calibrationError =
    bins.reduce((sum, bin) => sum + bin.rows * Math.abs(bin.accuracy - bin.confidence), 0) / rows;
  return { kind: "classes", rows, accuracy: hits / rows, confusion, bins, calibrationError };
}

/** Probabilities of the classes; a single number is about class 1. */
function sharesOf(p: ArrayLike<number>, at: number, columns: number, fromLogits: boolean): number[] {
  const own = Array.from({ length: columns }, (_, c) => p[at + c]!);
  if (!fromLogits) return columns === 1 ? [1 - own[0]!, own[0]!] : own;
  const logits = columns === 1 ? [0, own[0]!] : own;
  const top = Math.max(...logits);
  const powers = logits.map((z) => Math.exp(z - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((value) => value / sum);
}

/** Assesses predicted values against targets of the same length. */
export function assessValues(predictions: ArrayLike<number>, targets: ArrayLike<number>): ValueAssessment {
  const rows = targets.length;
  const rmse = rootMeanSquaredError().update(predictions, targets).result();
  let absolute = 0;
  let spread = false;
  for (let i = 0; i < rows; i++) {
    absolute += Math.abs(predictions[i]! - targets[i]!);
    spread ||= targets[i] !== targets[0];
  }
  const stride = Math.ceil(rows / PAIRS);
  const pairs: [number, number][] = [];
  for (let i = 0; i < rows; i += stride) pairs.push([targets[i]!, predictions[i]!]);
  return {
    ...{ kind: "values", rows, rootMeanSquaredError: rmse, meanAbsoluteError: absolute / rows, pairs },
    ...(spread && { rSquared: rSquared().update(predictions, targets).result() }),
  };
}
