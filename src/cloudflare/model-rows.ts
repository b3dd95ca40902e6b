// A request's rows against a model: their number, their lengths, and a prediction in rows again.
//
// Place: between request bodies and trainers; used by the objects and by the demo. Invariant: what passes fits the
// model's inputs row by row, so that no row is read across the border of another.

import type { Model, Prediction } from "../api.ts";
import { ShapeError } from "../errors.ts";
import { GraphBuilder } from "../graph/builder.ts";
import { lowerModel } from "../model.ts";
import type { NumericArray } from "../train/feeds.ts";
import type { FlatArray, FlatArrays, PredictBody } from "./request-body.ts";
import { lossNamed } from "./training-names.ts";

export interface ServedPrediction {
  /** One row of values per row of input; by name where the model has several outputs. */
  readonly y: number[][] | Record<string, number[][]>;
  /** Index of the largest value of each row. */
  readonly argmax: number[] | Record<string, number[]>;
}

/**
 * Rows of x and their lengths. A flat array cannot be checked row by row, a nested one is: each of its rows must hold
 * what the input takes. Where time varies, nested rows without lengths are all in use to their end.
 */
export function rowsIn(
  model: Model,
  { x, lengths }: PredictBody,
): { rows: number; lengths: NumericArray | undefined } {
  const { inputs } = model.graph;
  let rows = 0;
  let used: NumericArray | undefined = lengths?.data;
  for (const [name, { data, rows: given }] of entriesOf(x)) {
    const input = name === "" ? inputs[0] : inputs.find((entry) => entry.name === name);
    if (!input)
      throw new ShapeError(
        "data/unknown",
        `${label("x", name)}: the model has no such input; it has ${inputs.map((entry) => entry.name).join(", ")}`,
        { tensor: label("x", name) },
      );
    let columns = 1;
    let timed = false;
    for (const size of input.shape) {
      if (size === null) timed = true;
      else columns *= size;
    }
    if (timed) {
      if (given !== undefined) used ??= new Int32Array(given).fill(data.length / given / columns);
      if (!used) {
        const tensor = label("x", name);
        throw new ShapeError("data/length", `${tensor}: nest the rows or give lengths: time varies`, {
          tensor,
        });
      }
    } else if (given !== undefined && data.length !== given * columns) {
      const tensor = label("x", name);
      throw new ShapeError(
        "data/length",
        `${tensor}: expected rows of ${columns} values, got rows of ${data.length / given}`,
        { tensor },
      );
    }
    rows = given ?? used?.length ?? data.length / columns;
  }
  return { rows, lengths: used };
}

/** The answer to a client. */
export function predictionOf(result: Prediction, rows: number): ServedPrediction {
  if (result instanceof Float32Array) {
    const y = rowsOf(result, rows);
    return { y, argmax: y.map(argMax) };
  }
  const named = entriesOf(result).map(([name, values]) => [name, rowsOf(values, rows)] as const);
  return {
    y: Object.fromEntries(named),
    argmax: Object.fromEntries(named.map(([name, y]) => [name, y.map(argMax)])),
  };
}

export const label = (role: string, name: string): string => (name === "" ? role : `${role}.${name}`);

/** A value under the name "", or each of several under its own. */
export function entriesOf(value: FlatArrays): [string, FlatArray][];
export function entriesOf(value: Prediction): [string, Float32Array][];
export function entriesOf(value: FlatArrays | Prediction): [string, unknown][] {
  if (value instanceof Map) return [...value];
  if (value instanceof Float32Array || "data" in value) return [["", value]];
  return Object.entries(value);
}

/** As trainers take it. */
export const plain = (arrays: FlatArrays): NumericArray | Record<string, NumericArray> =>
  "data" in arrays ? arrays.data : Object.fromEntries([...arrays].map(([name, { data }]) => [name, data]));

function rowsOf(values: Float32Array, rows: number): number[][] {
  const columns = values.length / rows;
  const all: number[][] = [];
  for (let at = 0; at < values.length; at += columns) {
    // Filled one by one: an array of a given length would be made for whole numbers first.
    const row: number[] = [];
    for (let i = 0; i < columns; i++) row.push(values[at + i]!);
    all.push(row);
  }
  return all;
}

/** Index of the first largest value. */
function argMax(row: readonly number[]): number {
  let best = 0;
  for (let i = 1; i < row.length; i++) if (row[i]! > row[best]!) best = i;
  return best;
}

export const outputShapes = (model: Model) =>
  [...lowerModel(new GraphBuilder(), model, "predict").outputs].map(
    ([name, { shape }]) => [name, shape] as const,
  );

/** A loss for each output. */
export function lossesOf(model: Model, name: string | undefined) {
  return Object.fromEntries(
    outputShapes(model).map(([output, shape]) => {
      const fitting = shape.length > 1 && shape.at(-1) !== 1 ? "softmaxCrossEntropy" : "mse";
      return [output, lossNamed(name ?? fitting)];
    }),
  );
}
