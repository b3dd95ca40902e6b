// Users' data as feeds: one flat array per input of the graph, checked and counted in rows.
//
// Place: first thing a trainer or predictor does with data. Invariant: no value is copied or changed here.

import type { Program } from "../compile.ts";
import { ConfigError, ShapeError } from "../errors.ts";
import type { DTypeName } from "../graph/ops.ts";
import type { GraphPlan } from "../plan/plan.ts";
import { formatShape, sizeOf } from "../shape.ts";

/** Numbers in a flat array. */
export type NumericArray =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Uint8ClampedArray
  | Int8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | readonly number[];

/** One array, or one per named input or output. */
export type Arrays = NumericArray | { readonly [name: string]: NumericArray };

/** Flat arrays whose length says how many rows there are. */
export interface DataSet {
  readonly x: Arrays;
  readonly y: Arrays;
  /** Weight of each row's loss. */
  readonly sampleWeights?: NumericArray;
  /** Used time steps of each row, for models whose time varies. */
  readonly lengths?: NumericArray;
}

/** What a batch may hold beside x and y. */
export type RowExtras = Pick<DataSet, "sampleWeights" | "lengths">;

export interface Feed {
  /** Name of the graph's input. */
  readonly name: string;
  readonly data: NumericArray;
  /** Values per row. */
  readonly columns: number;
  readonly dtype: DTypeName;
}

export interface Feeds {
  readonly rows: number;
  readonly time: number;
  readonly feeds: readonly Feed[];
}

const isArray = (value: unknown): value is NumericArray => Array.isArray(value) || ArrayBuffer.isView(value);

function pick(arrays: Arrays | undefined, name: string, role: string): NumericArray {
  const short = name.slice(role.length + 1);
  const value = isArray(arrays)
    ? short === ""
      ? arrays
      : undefined
    : short === ""
      ? undefined
      : arrays?.[short];
  if (isArray(value)) return value;
  throw new ShapeError(
    "data/missing",
    short === ""
      ? `${role}: expected a flat array (Float32Array, Uint8Array, …)`
      : `${role}: expected an object with a flat array "${short}"`,
    { tensor: name },
  );
}

/**
 * @param data `y` may be absent for prediction
 * @throws ShapeError naming the tensor whose length is no whole number of rows, or differs from the others'
 */
export function feedsOf(program: Program, graph: GraphPlan, data: Partial<DataSet> & { x: Arrays }): Feeds {
  const { inputs } = graph;
  let { time } = program.binding;
  const timed = inputs.some((node) => node.attrs.name === "lengths");
  if (data.lengths && !timed)
    throw new ConfigError("data/lengths", "lengths: the model has no input with a time length of null", {
      tensor: "lengths",
    });
  const feeds: Feed[] = [];
  let rows = timed && data.lengths ? data.lengths.length : -1;
  for (const node of inputs) {
    const { name, role } = node.attrs;
    let array: NumericArray;
    if (role === "x" || role === "y") array = pick(role === "x" ? data.x : data.y, name, role);
    else if (role === "lengths") array = data.lengths ?? [];
    else if (data.sampleWeights) array = data.sampleWeights;
    else continue;
    const symbolic = node.shape.some((d, i) => i > 0 && typeof d !== "number" && d.time > 0);
    const unit = sizeOf(node.shape, { batch: 1, time: 1 });
    if (role === "x" && symbolic && data.lengths && rows > 0) {
      time = array.length / (rows * unit);
      if (!Number.isInteger(time) || time > program.binding.time || time < 1)
        throw new ShapeError(
          "data/time",
          `${name}: ${array.length} values for ${rows} rows of [time ≤ ${program.binding.time}, ${unit}]`,
          { tensor: name },
        );
    }
    const columns = sizeOf(node.shape, { batch: 1, time });
    if (role === "lengths" && !data.lengths) array = new Int32Array(Math.max(rows, 0)).fill(time);
    const count = array.length / columns;
    if (!Number.isInteger(count))
      throw new ShapeError(
        "data/length",
        `${name}: expected a multiple of ${columns} values for rows of ${formatShape(node.shape.slice(1))}, got ${array.length}`,
        { tensor: name },
      );
    if (rows < 0) rows = count;
    if (count !== rows)
      throw new ShapeError(
        "data/rows",
        `${name}: expected ${rows} rows like the other arrays, got ${count}`,
        {
          tensor: name,
        },
      );
    if (node.dtype === "i32") checkIntegers(name, array, role === "lengths" ? time : undefined);
    feeds.push({ name, data: array, columns, dtype: node.dtype });
  }
  if (rows === 0)
    throw new ShapeError("data/empty", "x: expected at least one row, got none", { tensor: "x" });
  return { rows, time, feeds };
}

/** Integer inputs must be integers: a class label of 2.5 is a mistake, not a 2. */
function checkIntegers(name: string, array: NumericArray, most: number | undefined): void {
  const exact = array instanceof Int32Array || array instanceof Uint8Array || array instanceof Uint16Array;
  if (exact && most === undefined) return;
  for (let i = 0; i < array.length; i++) {
    const value = array[i]!;
    if (!Number.isInteger(value))
      throw new ConfigError("data/integer", `${name}: expected integers, got ${value} at index ${i}`, {
        tensor: name,
        row: i,
      });
    if (most !== undefined && (value < 1 || value > most))
      throw new ConfigError("data/lengths", `${name}: row ${i} has length ${value}, expected 1 … ${most}`, {
        tensor: name,
        row: i,
      });
  }
}

/** Rows from … to of an array, without a copy where it is a typed array. */
export function rowsOf(feed: Feed, from: number, to: number): NumericArray {
  const { data, columns } = feed;
  if (from === 0 && to * columns === data.length) return data;
  return Array.isArray(data)
    ? data.slice(from * columns, to * columns)
    : (data as Float32Array).subarray(from * columns, to * columns);
}
