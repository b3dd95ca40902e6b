// Splits with a stated number of rows of every class: few pictures of each person, say.
// Place: data preparation, beside split.ts, whose trainTestSplit keeps the proportions that the classes have.
// Invariant: the result depends on labels, options and seed only; each class gives exactly what was asked.

import { ConfigError, ShapeError } from "../errors.ts";
import { PhiloxStream } from "./philox.ts";
import { type Split, shuffle } from "./split.ts";

export interface ClassSplitOptions {
  /** Rows of each class that train. */
  readonly train: number;
  /** Rows of each class that test; default all that are left, which then may differ between classes. */
  readonly test?: number;
  /** Takes rows at random (default), or else the first of each class to train and those behind them to test. */
  readonly random?: boolean;
  /** Default 0. */
  readonly seed?: number;
}

/**
 * The same number of rows of every class to train, and of the others to test.
 *
 * @example
 * const { train, test } = classSplit(faces.y, { train: 8, test: 2, random: false });
 * @throws ConfigError for a number that is no positive whole one, ShapeError naming a class that has too few rows
 */
export function classSplit(labels: ArrayLike<number>, options: ClassSplitOptions): Split {
  const { train: trainRows, test: testRows, random = true, seed = 0 } = options;
  for (const [option, value] of Object.entries({ train: trainRows, test: testRows ?? 1 }))
    if (!(Number.isInteger(value) && value > 0)) {
      const message = `classSplit: ${option} must be a positive whole number of rows, got ${value}`;
      throw new ConfigError("config/class-split", message, { option });
    }
  const classes = new Map<number, number[]>();
  for (let row = 0; row < labels.length; row++) {
    const rows = classes.get(labels[row]!);
    if (rows) rows.push(row);
    else classes.set(labels[row]!, [row]);
  }
  const stream = new PhiloxStream(seed, 2);
  const train: number[] = [];
  const test: number[] = [];
  for (const [label, rows] of [...classes].sort(([a], [b]) => a - b)) {
    const needed = trainRows + (testRows ?? 0);
    if (rows.length < needed) {
      const message = `classSplit: class ${label} has ${rows.length} rows, ${needed} are asked for`;
      throw new ShapeError("shape/class-rows", message, { label, expected: needed, got: rows.length });
    }
    const order = Uint32Array.from(rows);
    if (random) shuffle(order, stream);
    train.push(...order.subarray(0, trainRows));
    test.push(...order.subarray(trainRows, testRows === undefined ? rows.length : needed));
  }
  return { train: Uint32Array.from(train), test: Uint32Array.from(test) };
}
