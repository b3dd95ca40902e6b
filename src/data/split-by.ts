// Partitions of rows that respect time or groups, and folds for cross-validation.
//
// Place: data preparation, beside trainTestSplit. Invariant: no row is in both parts of a split; with times no training
// row is later than a test row, with groups no group is in both.

import { ConfigError, ShapeError } from "../errors.ts";
import { permutation, type Split } from "./split.ts";

function option(name: string, expected: string, got: unknown): ConfigError {
  return new ConfigError("config/split", `${name}: expected ${expected}, got ${String(got)}`, {
    option: name,
  });
}

function checkFraction(fraction: number): void {
  if (!(fraction > 0 && fraction < 1)) throw option("testFraction", "a number between 0 and 1", fraction);
}

/** Rows by ascending time; rows of one time stay in their order. */
function byTime(times: ArrayLike<number>): Uint32Array {
  for (let row = 0; row < times.length; row++)
    if (!Number.isFinite(times[row]))
      throw new ShapeError("shape/time", `times: row ${row + 1} has no time, got ${times[row]}`, {
        row: row + 1,
      });
  return Uint32Array.from({ length: times.length }, (_, i) => i).sort(
    (a, b) => times[a]! - times[b]! || a - b,
  );
}

/** Moves a cut back to where the time changes, so that no time is on both sides; forward if there is nothing before. */
function cutAt(order: Uint32Array, times: ArrayLike<number>, cut: number): number {
  const changes = (at: number) => times[order[at - 1]!] !== times[order[at]!];
  for (let at = cut; at > 0; at--) if (changes(at)) return at;
  for (let at = cut + 1; at < order.length; at++) if (changes(at)) return at;
  throw option("times", "at least two different times", times[order[0]!]);
}

/**
 * The latest rows as the test part, the earlier ones to train. Both are in the order of time; rows of one time are
 * never divided, so the test part may be somewhat larger than asked for.
 *
 * @param times one number a row, such as milliseconds or a step
 */
export function timeSplit(times: ArrayLike<number>, options: { readonly testFraction?: number } = {}): Split {
  const { testFraction = 0.2 } = options;
  checkFraction(testFraction);
  if (times.length < 2) throw option("times", "at least 2 rows", times.length);
  const order = byTime(times);
  const wanted =
    order.length - Math.max(1, Math.min(order.length - 1, Math.round(order.length * testFraction)));
  const cut = cutAt(order, times, wanted);
  return { train: order.slice(0, cut), test: order.slice(cut) };
}

/** Rows of each group, groups in the order of their first row. */
function membersOf(groups: ArrayLike<string | number>): number[][] {
  const members = new Map<string | number, number[]>();
  for (let row = 0; row < groups.length; row++) {
    const own = members.get(groups[row]!);
    if (own) own.push(row);
    else members.set(groups[row]!, [row]);
  }
  return [...members.values()];
}

/**
 * Whole groups (patients, customers, machines) in the test part, at random, until it has its share of the rows.
 *
 * @param groups one name or number a row
 */
export function groupSplit(
  groups: ArrayLike<string | number>,
  options: { readonly testFraction?: number; readonly seed?: number } = {},
): Split {
  const { testFraction = 0.2, seed = 0 } = options;
  checkFraction(testFraction);
  const members = membersOf(groups);
  if (members.length < 2) throw option("groups", "at least two different groups", members.length);
  const order = permutation(members.length, seed);
  const wanted = groups.length * testFraction;
  const test: number[] = [];
  const train: number[] = [];
  order.forEach((group, i) => {
    const rows = members[group]!;
    const last = i === order.length - 1;
    // A group goes to the test part while that brings its size nearer to what is wanted.
    const nearer = Math.abs(test.length + rows.length - wanted) < Math.abs(test.length - wanted);
    // Neither part stays empty.
    const toTest = last && (test.length === 0 || train.length === 0) ? test.length === 0 : nearer;
    (toTest ? test : train).push(...rows);
  });
  return { train: Uint32Array.from(train).sort(), test: Uint32Array.from(test).sort() };
}

export interface FoldOptions {
  /** Default 5. */
  readonly folds?: number;
  /** Default 0. */
  readonly seed?: number;
  /** Classes: each fold gets its share of each class. */
  readonly labels?: ArrayLike<number>;
  /** Groups: each is in one fold. */
  readonly groups?: ArrayLike<string | number>;
  /** Times: fold i trains on what lies before its test rows (rolling origin), so there is one part more than folds. */
  readonly times?: ArrayLike<number>;
}

/** Deals lists of rows out to `folds` parts, each list to where the fewest rows are. */
function deal(lists: readonly (readonly number[])[], folds: number): number[][] {
  const parts = Array.from({ length: folds }, (): number[] => []);
  for (const rows of lists) {
    const smallest = parts.reduce((best, part) => (part.length < best.length ? part : best));
    smallest.push(...rows);
  }
  return parts;
}

/**
 * The splits of k-fold cross-validation: every row is tested once (with `times`: once or never, and only on earlier rows).
 *
 * @throws ConfigError for fewer rows, members of a class, or groups than folds, or contradictory options
 */
export function kFold(count: number, options: FoldOptions = {}): Split[] {
  const { folds = 5, seed = 0, labels, groups, times } = options;
  if (!(Number.isInteger(folds) && folds >= 2)) throw option("folds", "a whole number from 2 up", folds);
  if (count < folds) throw option("folds", `at most ${count}, the number of rows`, folds);
  const given = Object.entries({ labels, groups, times }).filter(([, values]) => values !== undefined);
  if (given.length > 1)
    throw option("kFold", "one of labels, groups, times", given.map(([name]) => name).join(" and "));
  for (const [name, values] of given)
    if (values!.length !== count)
      throw new ShapeError(
        "shape/labels",
        `kFold: expected ${count} ${name}, one per row, got ${values!.length}`,
        {
          expected: count,
          got: values!.length,
        },
      );
  if (times) return timeFolds(times, folds);
  return splitsOf(count, groups ? groupParts(groups, folds, seed) : rowParts(count, labels, folds, seed));
}

function groupParts(groups: ArrayLike<string | number>, folds: number, seed: number): number[][] {
  const members = membersOf(groups);
  if (members.length < folds) throw option("folds", `at most ${members.length}, the number of groups`, folds);
  const shuffled = [...permutation(members.length, seed)].map((group) => members[group]!);
  // The largest first, so that the folds end up of nearly one size.
  return deal(
    shuffled.sort((a, b) => b.length - a.length),
    folds,
  );
}

function rowParts(
  count: number,
  labels: ArrayLike<number> | undefined,
  folds: number,
  seed: number,
): number[][] {
  const order = [...permutation(count, seed)];
  if (!labels)
    return deal(
      order.map((row) => [row]),
      folds,
    );
  const classes = new Map<number, number[]>();
  for (const row of order) {
    const own = classes.get(labels[row]!);
    if (own) own.push(row);
    else classes.set(labels[row]!, [row]);
  }
  const sorted = [...classes].sort(([a], [b]) => a - b);
  for (const [label, rows] of sorted)
    if (rows.length < folds)
      throw option(
        "folds",
        `at most ${rows.length}, the rows of class ${label} (or leave out labels)`,
        folds,
      );
  return deal(
    sorted.flatMap(([, rows]) => rows.map((row) => [row])),
    folds,
  );
}

function splitsOf(count: number, parts: readonly (readonly number[])[]): Split[] {
  return parts.map((part) => {
    const test = new Set(part);
    const train = Array.from({ length: count }, (_, row) => row).filter((row) => !test.has(row));
    return { train: Uint32Array.from(train), test: Uint32Array.from(part).sort() };
  });
}

function timeFolds(times: ArrayLike<number>, folds: number): Split[] {
  const order = byTime(times);
  const cuts = Array.from({ length: folds }, (_, i) =>
    cutAt(order, times, Math.max(1, Math.floor(((i + 1) * order.length) / (folds + 1)))),
  );
  if (new Set(cuts).size !== folds)
    throw option("folds", "fewer folds: there are too few different times", folds);
  return cuts.map((cut, i) => ({
    train: order.slice(0, cut),
    test: order.slice(cut, cuts[i + 1] ?? order.length),
  }));
}
