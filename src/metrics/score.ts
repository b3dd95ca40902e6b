// What a score is: an accumulator of batches of predictions and targets on the host.
//
// Place: scores.ts builds on it. Invariant: the result does not depend on how rows were cut into batches.

import { ConfigError, ShapeError } from "../errors.ts";

/** Takes batches of predictions and targets, gives a number (or more) at any time. */
export interface Score<T = number> {
  readonly name: string;
  /**
   * Adds a batch.
   * @param weights one per target or per row of targets: how much it counts; default 1. What weighs 0 is not looked at.
   */
  update(predictions: ArrayLike<number>, targets: ArrayLike<number>, weights?: ArrayLike<number>): Score<T>;
  result(): T;
}

type Row = (prediction: ArrayLike<number>, at: number, target: number, weight: number) => void;

/** Calls `row` for each target with the place of its `columns` predictions. */
export function score<T>(name: string, columns: number, row: Row, result: () => T): Score<T> {
  if (!(Number.isInteger(columns) && columns > 0))
    throw new ConfigError(
      "metric/option",
      `${name}: expected a positive whole number of classes, got ${columns}`,
      {
        option: "classes",
      },
    );
  const self: Score<T> = {
    name,
    update(predictions, targets, weights) {
      if (predictions.length !== targets.length * columns)
        throw new ShapeError(
          "metric/shape",
          `${name}: expected ${columns} predictions for each of ${targets.length} targets, got ${predictions.length}`,
        );
      const perWeight = weights ? targets.length / weights.length : 1;
      if (targets.length > 0 && !Number.isInteger(perWeight))
        throw new ShapeError(
          "metric/shape",
          `${name}: expected a weight for each of ${targets.length} targets or rows of them, got ${weights!.length}`,
        );
      for (let i = 0; i < targets.length; i++) {
        const weight = weights ? weights[Math.floor(i / perWeight)]! : 1;
        if (!(weight >= 0 && weight < Infinity))
          throw new ConfigError("metric/weight", `${name}: expected finite weights ≥ 0, got ${weight}`, {
            row: i,
          });
        if (weight > 0) row(predictions, i * columns, targets[i]!, weight);
      }
      return self;
    },
    result,
  };
  return self;
}

/** A label within 0 … classes − 1. */
export function labelOf(name: string, label: number, classes: number): number {
  if (Number.isInteger(label) && label >= 0 && label < classes) return label;
  throw new ConfigError("metric/label", `${name}: expected labels from 0 to ${classes - 1}, got ${label}`, {
    label,
  });
}
