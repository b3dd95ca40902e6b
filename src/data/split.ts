// Seeded orders and partitions of row numbers: which samples train, which test.
// Place: data preparation, before a trainer sees the rows.
// Invariant: the result depends on count, fraction, labels and seed only, and is the same in every runtime.

import { ConfigError, ShapeError } from "../errors.ts";
import { PhiloxStream } from "./philox.ts";

/** Row numbers of the two parts; together every row once. */
export interface Split {
  readonly train: Uint32Array;
  readonly test: Uint32Array;
}

/** How `trainTestSplit` divides. */
export interface SplitOptions {
  /** Share of the rows that go to `test`, in (0, 1); default 0.2. Both parts get at least one row. */
  readonly testFraction?: number;
  /** Default 0. */
  readonly seed?: number;
  /** One class per row: each class is then divided in the same proportion (stratified). */
  readonly labels?: ArrayLike<number>;
}

function checkSeed(seed: number): void {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new ConfigError("config/seed", `seed: expected a whole number from 0 to 2^53 - 1, got ${seed}`, {
      option: "seed",
    });
  }
}

/** A random order of the numbers 0 … count - 1 (Fisher and Yates). */
export function permutation(count: number, seed = 0): Uint32Array {
  if (!Number.isInteger(count) || count < 0 || count >= 2 ** 32) {
    throw new ConfigError("config/count", `permutation: expected a row count, got ${count}`, {
      option: "count",
    });
  }
  checkSeed(seed);
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  shuffle(order, new PhiloxStream(seed));
  return order;
}

/** Fisher and Yates, in place. */
export function shuffle(order: Uint32Array, random: PhiloxStream): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const moved = order[i]!;
    order[i] = order[j]!;
    order[j] = moved;
  }
}

/**
 * Divides `count` rows at random into a training and a test part.
 * @throws ConfigError for a fraction outside (0, 1) or fewer than two rows, ShapeError for labels of another length.
 */
export function trainTestSplit(count: number, options: SplitOptions = {}): Split {
  const { testFraction = 0.2, seed = 0, labels } = options;
  if (!(testFraction > 0 && testFraction < 1)) {
    const message = `testFraction: expected a number between 0 and 1, got ${testFraction}`;
    throw new ConfigError("config/test-fraction", message, { option: "testFraction" });
  }
  if (count < 2) {
    throw new ConfigError("config/count", `trainTestSplit: expected at least 2 rows, got ${count}`, {
      option: "count",
    });
  }
  if (labels && labels.length !== count) {
    const message = `trainTestSplit: expected ${count} labels, one per row, got ${labels.length}`;
    throw new ShapeError("shape/labels", message, { expected: count, got: labels.length });
  }
  const order = permutation(count, seed);
  const testCount = Math.min(count - 1, Math.max(1, Math.round(count * testFraction)));
  if (!labels) return { train: order.slice(testCount), test: order.slice(0, testCount) };

  const classes = new Map<number, number[]>();
  for (const row of order) {
    const rows = classes.get(labels[row]!);
    if (rows) rows.push(row);
    else classes.set(labels[row]!, [row]);
  }
  // Walk the rows class after class and give the test part its share as soon as it is due: rounding never drifts.
  const train: number[] = [];
  const test: number[] = [];
  let walked = 0;
  for (const [, rows] of [...classes].sort(([a], [b]) => a - b)) {
    for (const row of rows) {
      walked++;
      if (test.length < Math.floor((walked * testCount) / count)) test.push(row);
      else train.push(row);
    }
  }
  const parts = { train: Uint32Array.from(train), test: Uint32Array.from(test) };
  // The walk left both parts sorted by class.
  const random = new PhiloxStream(seed, 1);
  shuffle(parts.train, random);
  shuffle(parts.test, random);
  return parts;
}

/** Copies the rows of a flat array of `rowElements` values a row, in the order given. */
export function takeRows<A extends Uint8Array | Float32Array | Int32Array>(
  values: A,
  rowElements: number,
  rows: ArrayLike<number>,
): A {
  const out = new (values.constructor as new (length: number) => A)(rows.length * rowElements);
  for (let i = 0; i < rows.length; i++) {
    const start = rows[i]! * rowElements;
    if (start + rowElements > values.length) {
      const message = `takeRows: row ${rows[i]} is past the end of ${values.length / rowElements} rows`;
      throw new ShapeError("shape/row", message, { row: rows[i] });
    }
    out.set(values.subarray(start, start + rowElements), i * rowElements);
  }
  return out;
}
