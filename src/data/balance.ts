// Remedies for imbalanced classes: weights of classes and rows, and row numbers that draw rare classes more often.
//
// Place: data preparation, on the training rows alone; the weights go into a loss (`classWeights`) or a data set
// (`sampleWeights`), the row numbers into `takeRows`. Invariant: the result depends on labels, options and seed only.

import { ConfigError } from "../errors.ts";
import { power } from "../schedules/evaluate.ts";
import { PhiloxStream } from "./philox.ts";
import { shuffle } from "./split.ts";

export interface ClassWeightOptions {
  /** Number of classes; default the largest label + 1. */
  readonly classes?: number;
  /** 1 (default): every class weighs the same in sum; 0: no change; between: a compromise, weight^strength. */
  readonly strength?: number;
}

/** Options of `oversample` and `undersample`. */
export interface ResampleOptions {
  /** Rows of each class as a share of the largest (oversample) or multiple of the smallest (undersample). Default 1. */
  readonly ratio?: number;
  /** Default 0. */
  readonly seed?: number;
}

const bad = (name: string, option: string, expected: string, got: unknown): ConfigError =>
  new ConfigError("balance/option", `${name}: ${option} must be ${expected}, got ${String(got)}`, { option });

/** Row numbers of each label, ascending; labels are whole numbers ≥ 0. */
function rowsByClass(name: string, labels: ArrayLike<number>): Map<number, number[]> {
  if (labels.length === 0) throw bad(name, "labels", "one label per row, at least one", "none");
  const classes = new Map<number, number[]>();
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row]!;
    if (!(Number.isInteger(label) && label >= 0))
      throw new ConfigError(
        "balance/label",
        `${name}: expected whole numbers ≥ 0 as labels, got ${label} in row ${row}`,
        { row },
      );
    const rows = classes.get(label);
    if (rows) rows.push(row);
    else classes.set(label, [row]);
  }
  return new Map([...classes].sort(([a], [b]) => a - b));
}

/**
 * Weights that give each class the same say: rows / (classes present · rows of the class), as scikit-learn's
 * "balanced". A class without rows gets 0. The mean weight of a row is 1 (with strength 1).
 *
 * @example
 * softmaxCrossEntropy({ classWeights: classWeights(labels) });
 * @throws ConfigError for labels that are not whole numbers ≥ 0, or none
 */
export function classWeights(labels: ArrayLike<number>, options: ClassWeightOptions = {}): number[] {
  const name = "classWeights";
  const byClass = rowsByClass(name, labels);
  const most = [...byClass.keys()].at(-1)! + 1;
  const { classes = most, strength = 1 } = options;
  if (!(Number.isInteger(classes) && classes >= most))
    throw bad(name, "classes", `a whole number of at least ${most}, as label ${most - 1} occurs`, classes);
  if (classes > 1e6) throw bad(name, "classes", "at most a million", classes);
  if (!(strength >= 0 && strength <= 1)) throw bad(name, "strength", "from 0 to 1", strength);
  const weights = new Array<number>(classes).fill(0);
  for (const [label, rows] of byClass) {
    const balanced = labels.length / (byClass.size * rows.length);
    weights[label] = strength === 1 ? balanced : strength === 0 ? 1 : power(balanced, strength);
  }
  return weights;
}

/** The weight of each row by its class: `sampleWeights` of a data set. */
export function balancedSampleWeights(
  labels: ArrayLike<number>,
  options: ClassWeightOptions = {},
): Float32Array {
  const weights = classWeights(labels, options);
  return Float32Array.from(labels, (label) => weights[label]!);
}

/**
 * Row numbers in which no class has fewer rows than `ratio` of the largest: every row once, and rows of rarer classes
 * again, each as often as any other of its class (± 1). Shuffled. For training rows only: never before a split.
 *
 * @example
 * const rows = oversample(labels, { seed: 1 });
 * const balanced = { x: takeRows(x, columns, rows), y: takeRows(labels, 1, rows) };
 */
export function oversample(labels: ArrayLike<number>, options: ResampleOptions = {}): Uint32Array {
  const name = "oversample";
  const byClass = rowsByClass(name, labels);
  const { ratio = 1 } = options;
  if (!(ratio > 0 && ratio <= 1)) throw bad(name, "ratio", "above 0 and at most 1", ratio);
  const wanted = Math.round(ratio * Math.max(...[...byClass.values()].map((rows) => rows.length)));
  const random = new PhiloxStream(checkedSeed(name, options.seed), 2);
  const chosen: number[] = [];
  for (const rows of byClass.values()) {
    for (const row of rows) chosen.push(row);
    const pool = Uint32Array.from(rows);
    for (let missing = wanted - rows.length; missing > 0; missing -= pool.length) {
      shuffle(pool, random);
      for (const row of pool.subarray(0, missing)) chosen.push(row);
    }
  }
  const order = Uint32Array.from(chosen);
  shuffle(order, random);
  return order;
}

/** Row numbers in which no class has more rows than `ratio` (≥ 1) times the smallest: rows of others are left out. Shuffled. */
export function undersample(labels: ArrayLike<number>, options: ResampleOptions = {}): Uint32Array {
  const name = "undersample";
  const byClass = rowsByClass(name, labels);
  const { ratio = 1 } = options;
  if (!(ratio >= 1 && Number.isFinite(ratio)))
    throw bad(name, "ratio", "a finite number of at least 1", ratio);
  const wanted = Math.round(ratio * Math.min(...[...byClass.values()].map((rows) => rows.length)));
  const random = new PhiloxStream(checkedSeed(name, options.seed), 3);
  const chosen: number[] = [];
  for (const rows of byClass.values()) {
    const pool = Uint32Array.from(rows);
    shuffle(pool, random);
    for (const row of pool.subarray(0, wanted)) chosen.push(row);
  }
  const order = Uint32Array.from(chosen);
  shuffle(order, random);
  return order;
}

function checkedSeed(name: string, seed = 0): number {
  if (Number.isSafeInteger(seed) && seed >= 0) return seed;
  throw bad(name, "seed", "a whole number from 0 to 2^53 - 1", seed);
}
