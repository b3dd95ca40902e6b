// Scores of predictions, on the host: what needs all predictions or more than a mean over batches.
//
// Place: fed with what `predict` returns and the targets, batch by batch. Invariant: the result does not depend on how
// the rows were cut into batches, nor on their order (but for the rounding of sums).

import { ConfigError } from "../errors.ts";
import { exponential, ln } from "../schedules/evaluate.ts";
import { labelOf, type Score, score } from "./score.ts";

export type { Score } from "./score.ts";

/** Index of the first largest. */
function largest(values: ArrayLike<number>, at: number, count: number): number {
  let best = 0;
  for (let c = 1; c < count; c++) if (values[at + c]! > values[at + best]!) best = c;
  return best;
}

/** Share of rows whose label is among the k largest of `classes` predictions. A tie counts as larger. */
export function topKAccuracy(k: number, classes: number): Score {
  const name = `top${k}`;
  if (!(Number.isInteger(k) && k > 0 && k <= classes))
    throw new ConfigError("metric/option", `topKAccuracy: k must be from 1 to ${classes}, got ${k}`, {
      option: "k",
    });
  let [hits, rows] = [0, 0];
  return score(
    name,
    classes,
    (p, at, target, weight) => {
      const own = at + labelOf(name, target, classes);
      let before = 0;
      for (let c = at; c < at + classes; c++) if (c !== own && !(p[c]! < p[own]!)) before++;
      if (before < k) hits += weight;
      rows += weight;
    },
    () => hits / rows,
  );
}

export interface DecisionOptions {
  /** Number of classes, for integer labels and as many predictions a row. Default: one score a row, labels 0 and 1. */
  classes?: number;
  /** Scores above it say 1; default 0, as logits do. */
  threshold?: number;
}

/** counts[label][decision]: rows are the true classes. */
export function confusionMatrix(options: DecisionOptions = {}): Score<number[][]> {
  const { classes, threshold = 0 } = options;
  const size = classes ?? 2;
  const counts = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  return score(
    "confusionMatrix",
    classes ?? 1,
    (p, at, target, weight) => {
      const decision = classes === undefined ? Number(p[at]! > threshold) : largest(p, at, classes);
      counts[labelOf("confusionMatrix", target, size)]![decision]! += weight;
    },
    () => counts.map((row) => [...row]),
  );
}

/** Share of rows that were given their class. */
export function accuracyScore(options: DecisionOptions = {}): Score {
  const matrix = confusionMatrix(options);
  const self: Score = {
    name: "accuracy",
    update(predictions, targets, weights) {
      matrix.update(predictions, targets, weights);
      return self;
    },
    result() {
      const table = matrix.result();
      const all = table.flat().reduce((a, b) => a + b, 0);
      return table.reduce((sum, row, c) => sum + row[c]!, 0) / all;
    },
  };
  return self;
}

export interface AverageOptions extends DecisionOptions {
  /** Of several classes: the mean over classes (default) or over rows. One score a row is about class 1. */
  average?: "macro" | "micro";
}

type Counts = { hit: number; wrong: number; missed: number };

/** A quotient of counts per class; 0/0 is 0. */
function ofCounts(name: string, options: AverageOptions, quotient: (c: Counts) => [number, number]): Score {
  const matrix = confusionMatrix(options);
  const self: Score = {
    name,
    update(predictions, targets, weights) {
      matrix.update(predictions, targets, weights);
      return self;
    },
    result() {
      const table = matrix.result();
      const all = table.map((row, c): Counts => {
        const hit = row[c]!;
        const named = table.reduce((sum, r) => sum + r[c]!, 0);
        return { hit, wrong: named - hit, missed: row.reduce((a, b) => a + b, 0) - hit };
      });
      const value = (c: Counts) => {
        const [above, below] = quotient(c);
        return below === 0 ? 0 : above / below;
      };
      if (options.classes === undefined) return value(all[1]!);
      if (options.average !== "micro") return all.reduce((sum, c) => sum + value(c), 0) / all.length;
      const add = (key: keyof Counts) => all.reduce((sum, c) => sum + c[key], 0);
      return value({ hit: add("hit"), wrong: add("wrong"), missed: add("missed") });
    },
  };
  return self;
}

/** Of the rows that were given a class, the share that have it: TP / (TP + FP). */
export const precision = (options: AverageOptions = {}): Score =>
  ofCounts("precision", options, ({ hit, wrong }) => [hit, hit + wrong]);

/** Of the rows that have a class, the share that were given it: TP / (TP + FN). */
export const recall = (options: AverageOptions = {}): Score =>
  ofCounts("recall", options, ({ hit, missed }) => [hit, hit + missed]);

/** Harmonic mean of precision and recall: 2TP / (2TP + FP + FN). */
export const f1Score = (options: AverageOptions = {}): Score =>
  ofCounts("f1", options, ({ hit, wrong, missed }) => [2 * hit, 2 * hit + wrong + missed]);

/** Scores in descending order with their labels, in groups of equal scores: [rows, ones] of each group. */
function ranked(
  name: string,
  summary: (groups: [rows: number, ones: number][], ones: number, zeros: number) => number,
): Score {
  const scores: number[] = [];
  const labels: number[] = [];
  const weights: number[] = [];
  return score(
    name,
    1,
    (p, at, target, weight) => {
      if (Number.isNaN(p[at]!)) throw new ConfigError("metric/not-finite", `${name}: a prediction is NaN`);
      scores.push(p[at]!);
      labels.push(labelOf(name, target, 2));
      weights.push(weight);
    },
    () => {
      const all = weights.reduce((a, b) => a + b, 0);
      const ones = labels.reduce((sum, label, row) => sum + label * weights[row]!, 0);
      if (!labels.includes(1) || !labels.includes(0))
        throw new ConfigError(
          "metric/one-class",
          `${name}: expected targets of both classes, got ${labels.length} rows of ${ones === 0 ? "0" : "1"}`,
        );
      const order = scores.map((_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
      const groups: [number, number][] = [];
      order.forEach((row, i) => {
        if (i === 0 || scores[row] !== scores[order[i - 1]!]) groups.push([0, 0]);
        const group = groups.at(-1)!;
        group[0] += weights[row]!;
        group[1] += labels[row]! * weights[row]!;
      });
      return summary(groups, ones, all - ones);
    },
  );
}

/** Area under the ROC curve: the chance that a row of class 1 scores above one of class 0, ties half. */
export const rocAuc = (): Score =>
  ranked("rocAuc", (groups, ones, zeros) => {
    let [above, pairs] = [0, 0];
    for (const [rows, hits] of groups) {
      pairs += (rows - hits) * (above + hits / 2);
      above += hits;
    }
    return pairs / (ones * zeros);
  });

/** Average precision, Σ (R_i − R_{i−1})·P_i over the thresholds: the area under the precision-recall curve by steps. */
export const prAuc = (): Score =>
  ranked("prAuc", (groups, ones) => {
    let [named, hits, area] = [0, 0, 0];
    for (const [rows, own] of groups) {
      named += rows;
      hits += own;
      area += (own / ones) * (hits / named);
    }
    return area;
  });

export interface ProbabilityOptions {
  /** Number of classes; default: one prediction a row, labels 0 and 1. */
  classes?: number;
  /** Predictions are logits (default), or probabilities. */
  fromLogits?: boolean;
}

/** Probabilities of a row's classes; one prediction is that of class 1. */
function probabilities(
  p: ArrayLike<number>,
  at: number,
  { classes, fromLogits = true }: ProbabilityOptions,
): number[] {
  const row = Array.from({ length: classes ?? 1 }, (_, c) => p[at + c]!);
  const logits = classes === undefined ? [0, row[0]!] : row;
  if (!fromLogits) return classes === undefined ? [1 - row[0]!, row[0]!] : row;
  const top = Math.max(...logits);
  const powers = logits.map((z) => exponential(z - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((v) => v / sum);
}

/** Mean −ln of the label's probability, which is kept at least 1e-15. */
export function logLoss(options: ProbabilityOptions = {}): Score {
  let [sum, rows] = [0, 0];
  return score(
    "logLoss",
    options.classes ?? 1,
    (p, at, target, weight) => {
      const own = probabilities(p, at, options)[labelOf("logLoss", target, options.classes ?? 2)]!;
      sum -= weight * ln(Math.max(own, 1e-15));
      rows += weight;
    },
    () => sum / rows,
  );
}

/** Expected calibration error: |accuracy − confidence| over `bins` (10) of confidence, weighted by their rows. */
export function calibrationError(options: ProbabilityOptions & { bins?: number } = {}): Score {
  const { bins = 10 } = options;
  const table = Array.from({ length: bins }, () => ({ hits: 0, confidence: 0 }));
  let rows = 0;
  return score(
    "calibrationError",
    options.classes ?? 1,
    (p, at, target, weight) => {
      const shares = probabilities(p, at, options);
      const decision = largest(shares, 0, shares.length);
      const confidence = shares[decision]!;
      const bin = table[Math.min(bins - 1, Math.max(0, Math.floor(confidence * bins)))]!;
      bin.hits += weight * Number(decision === labelOf("calibrationError", target, shares.length));
      bin.confidence += weight * confidence;
      rows += weight;
    },
    () => table.reduce((sum, { hits, confidence }) => sum + Math.abs(hits - confidence), 0) / rows,
  );
}

/** Mean of f(prediction, target) over all values. */
function meanOf(name: string, f: (y: number, t: number) => number, finish: (mean: number) => number): Score {
  let [sum, count] = [0, 0];
  return score(
    name,
    1,
    (p, at, target, weight) => {
      sum += weight * f(p[at]!, target);
      count += weight;
    },
    () => finish(sum / count),
  );
}

/** √ of the mean squared error. */
export const rootMeanSquaredError = (): Score => meanOf("rmse", (y, t) => (y - t) ** 2, Math.sqrt);

/** Mean of |y − t|. */
export const meanAbsoluteErrorScore = (): Score =>
  meanOf(
    "mae",
    (y, t) => Math.abs(y - t),
    (mean) => mean,
  );

/** Mean of |y − t| / |t| as a share (0.1 is 10 %); |t| is kept at least 1e-8. */
export const meanAbsolutePercentageError = (): Score =>
  meanOf(
    "mape",
    (y, t) => Math.abs(y - t) / Math.max(Math.abs(t), 1e-8),
    (mean) => mean,
  );

/** R² = 1 − Σ(t − y)² / Σ(t − mean t)²: 1 is perfect, 0 as good as the mean. */
export function rSquared(): Score {
  let [rows, mean, spread, errors] = [0, 0, 0, 0];
  return score(
    "r2",
    1,
    (p, at, t, weight) => {
      rows += weight;
      const d = t - mean;
      mean += (weight * d) / rows;
      spread += weight * d * (t - mean);
      errors += weight * (t - p[at]!) ** 2;
    },
    () => {
      if (spread === 0)
        throw new ConfigError("metric/constant", "r2: all targets are equal, so there is nothing to explain");
      return 1 - errors / spread;
    },
  );
}
