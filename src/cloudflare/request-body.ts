// Bodies of requests: JSON checked by a schema, then numbers as the flat arrays that trainers take.
//
// Place: between the routes and the served model. Invariant: what leaves this file is finite numbers in rows of equal
// length; anything else is a BodyError or a ShapeError that says where.

import * as v from "valibot";
import { ConfigError, EdgegradError, ShapeError } from "../errors.ts";

/** The request itself is malformed, before any model is asked. */
export class BodyError extends EdgegradError {
  override name = "BodyError";
}

/** Deeper than any model's rows; keeps hostile nesting out. */
const MAX_DEPTH = 8;

/** What it holds is looked at once, by flatten. */
const array = v.custom<readonly unknown[]>(Array.isArray, "expected an array of numbers");
/** One array, or one for each named input or output. */
const arrays = v.union(
  [array, v.record(v.string(), array)],
  "expected an array, or an object of arrays by name",
);

const predictBody = v.strictObject({ x: arrays, lengths: v.optional(array) });
const trainBody = v.strictObject({
  ...predictBody.entries,
  y: arrays,
  sampleWeights: v.optional(array),
  steps: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000)), 1),
});

/** Numbers in a flat array, and how they were nested. */
export interface FlatArray {
  readonly data: Float64Array | Float32Array | Int32Array | Uint8Array;
  /** Length of the outer array if it held arrays, the rows then. */
  readonly rows: number | undefined;
}

export type FlatArrays = FlatArray | ReadonlyMap<string, FlatArray>;

export interface PredictBody {
  readonly x: FlatArrays;
  readonly lengths: FlatArray | undefined;
}

export interface TrainBody extends PredictBody {
  readonly y: FlatArrays;
  readonly sampleWeights: FlatArray | undefined;
  readonly steps: number;
}

/** @throws BodyError if the text is no JSON of this form, ShapeError if rows differ in length */
export function readPredictBody(text: string): PredictBody {
  const { x, lengths } = parse(predictBody, text);
  return { x: flatten("x", x), lengths: lengths && flattenOne("lengths", lengths) };
}

/** @throws as readPredictBody */
export function readTrainBody(text: string): TrainBody {
  const { x, y, lengths, sampleWeights, steps } = parse(trainBody, text);
  return {
    ...{ x: flatten("x", x), y: flatten("y", y), steps },
    lengths: lengths && flattenOne("lengths", lengths),
    sampleWeights: sampleWeights && flattenOne("sampleWeights", sampleWeights),
  };
}

const parse = <S extends v.GenericSchema>(schema: S, text: string): v.InferOutput<S> =>
  check(schema, parseJson(text), "body");

/** @throws BodyError */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BodyError("request/json", "the body is no JSON", {}, { cause });
  }
}

/** @throws BodyError that names the first field at fault */
export function check<S extends v.GenericSchema>(
  schema: S,
  raw: unknown,
  what: "body" | "query",
): v.InferOutput<S> {
  const result = v.safeParse(schema, raw, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  const where = path ? `${what}: "${path}"` : what;
  throw new BodyError(`request/${what}`, `${where}: ${issue.message}`, { field: path ?? undefined });
}

function flatten(name: string, value: v.InferOutput<typeof arrays>): FlatArrays {
  if (Array.isArray(value)) return flattenOne(name, value);
  return new Map(
    Object.entries(value as Record<string, readonly unknown[]>).map(([key, item]) => [
      key,
      flattenOne(`${name}.${key}`, item),
    ]),
  );
}

function flattenOne(name: string, value: readonly unknown[]): FlatArray {
  const nested = Array.isArray(value[0]);
  const plain = nested ? value.length === 1 && plainRow(value[0] as unknown[]) : plainRow(value);
  if (plain) return { data: plain, rows: nested ? 1 : undefined };
  const numbers: number[] = [];
  let first = 0;
  value.forEach((item, row) => {
    const before = numbers.length;
    if (Array.isArray(item) !== nested)
      throw new ShapeError(
        "request/ragged",
        `${name}: row ${row} is ${nested ? "a number" : "an array"}, the rows before it are not`,
        { tensor: name, row },
      );
    collect(name, row, item, numbers, 0);
    const length = numbers.length - before;
    if (row === 0) first = length;
    else if (length !== first)
      throw new ShapeError(
        "request/ragged",
        `${name}: row ${row} has ${length} values, the rows before it ${first}`,
        { tensor: name, row },
      );
  });
  return { data: Float64Array.from(numbers), rows: nested ? value.length : undefined };
}

/** From here on a number rounds to an infinity of 32 bits: half a step above the largest. */
const OVERFLOW = 2 ** 128 - 2 ** 103;

const isFinite32 = (item: unknown): item is number => typeof item === "number" && Math.abs(item) < OVERFLOW;

/** One row of finite numbers, the common case, without a step between; undefined for any other. */
function plainRow(row: readonly unknown[]): Float64Array | undefined {
  const data = new Float64Array(row.length);
  for (let i = 0; i < row.length; i++) {
    const item = row[i];
    if (!isFinite32(item)) return undefined;
    data[i] = item;
  }
  return data;
}

/** Appends the numbers of a row, whatever its nesting. */
function collect(name: string, row: number, item: unknown, into: number[], depth: number): void {
  if (Array.isArray(item)) {
    if (depth >= MAX_DEPTH)
      throw new ShapeError("request/depth", `${name}: row ${row} is nested deeper than ${MAX_DEPTH} arrays`, {
        tensor: name,
        row,
      });
    for (const inner of item) collect(name, row, inner, into, depth + 1);
    return;
  }
  if (!isFinite32(item))
    throw new ConfigError(
      "data/not-finite",
      `${name}: row ${row} holds ${describe(item)}, expected finite 32-bit numbers`,
      { tensor: name, row },
    );
  into.push(item);
}

const describe = (item: unknown): string =>
  typeof item === "number" ? String(item) : item === null ? "null" : `a value of type ${typeof item}`;
