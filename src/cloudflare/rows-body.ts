// Bodies that carry rows: JSON, NDJSON, or a safetensors file of typed arrays; all become one packed batch.
//
// Place: between the object's routes and the learner. Invariant: all rows of a body fit the model or none is taken.
// In a safetensors body the tensors are called x or x.<input>, y or y.<output>, sampleWeights and lengths.

import * as v from "valibot";
import type { Model } from "../api.ts";
import { ConfigError, ShapeError } from "../errors.ts";
import { readSafetensorsHeader, type SafetensorsRange } from "../io/safetensors.ts";
import { entriesOf, label, rowsIn } from "./model-rows.ts";
import {
  type Batch,
  joinRows,
  type NamedArray,
  type PackedBatch,
  packNumbers,
  type Role,
} from "./packed-rows.ts";
import {
  BodyError,
  type FlatArray,
  type FlatArrays,
  type PredictBody,
  readPredictBody,
  readTrainBody,
  type TrainBody,
} from "./request-body.ts";
import { RequestError } from "./request-error.ts";
import { scanRows } from "./scan-rows.ts";
import { MAX_ROWS } from "./settings.ts";

export const ROW_TYPES = ["application/json", "application/x-ndjson", "application/octet-stream"] as const;

/** Numbers of a request before they are packed. */
export type FlatBatch = Batch<FlatArray["data"]>;

export type RowType = (typeof ROW_TYPES)[number];

/** @throws RequestError 415 */
export function rowTypeOf(header: string | null): RowType {
  for (const known of ROW_TYPES) if (known === header) return known;
  const type = (header ?? "application/json").split(";")[0]!.trim().toLowerCase();
  if (type === "application/ndjson" || type === "application/jsonl") return "application/x-ndjson";
  const found = ROW_TYPES.find((known) => known === type);
  // What curl sends unless it is told otherwise.
  if (type === "application/x-www-form-urlencoded" || type === "text/plain") return "application/json";
  if (!found)
    throw new RequestError(415, "request/content-type", `expected ${ROW_TYPES.join(", ")}, got "${type}"`);
  return found;
}

/**
 * Rows as they came, for predictions. They stand until the next call: use them before anything is awaited.
 *
 * @throws BodyError, ShapeError, ConfigError or FormatError; each says where
 */
export function readInputs(model: Model, type: RowType, body: Uint8Array): FlatBatch {
  if (type === "application/x-ndjson")
    throw new RequestError(415, "request/content-type", "predictions take JSON or a safetensors file");
  if (type === "application/octet-stream") return batchOf(model, fromSafetensors(body, false));
  const x = scanRows(body, model.graph.inputs.every(({ dtype }) => dtype === "f32") ? "f32" : "f64");
  return batchOf(model, x ? { x, lengths: undefined } : readPredictBody(textOf(body)));
}

/** With targets, and packed. @throws as readInputs */
export function readExamples(model: Model, type: RowType, body: Uint8Array): PackedBatch {
  if (type === "application/x-ndjson") return readLines(model, textOf(body));
  return packExamples(
    model,
    type === "application/json" ? readTrainBody(textOf(body)) : fromSafetensors(body, true),
  );
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function textOf(body: Uint8Array): string {
  try {
    return utf8.decode(body);
  } catch (cause) {
    throw new BodyError("request/utf8", "the body is not valid UTF-8", {}, { cause });
  }
}

const line = v.strictObject({
  x: v.unknown(),
  y: v.unknown(),
  sampleWeight: v.optional(v.number()),
  length: v.optional(v.number()),
});

/** One example per line: `{ x: […], y: … }`. */
function readLines(model: Model, text: string): PackedBatch {
  const rows: PackedBatch[] = [];
  const lines = text.split("\n");
  lines.forEach((source, i) => {
    if (source.trim() === "") return;
    if (rows.length >= MAX_ROWS) refuseRows(rows.length + 1);
    try {
      const parsed = v.safeParse(line, JSON.parse(source));
      if (!parsed.success) throw new BodyError("request/body", parsed.issues[0].message);
      const { x, y, sampleWeight, length } = parsed.output;
      const whole = {
        ...{ x: inRow(x), y: inRow(y) },
        ...(sampleWeight !== undefined && { sampleWeights: [sampleWeight] }),
        ...(length !== undefined && { lengths: [length] }),
      };
      rows.push(packExamples(model, readTrainBody(JSON.stringify(whole))));
    } catch (cause) {
      if (cause instanceof ShapeError || cause instanceof ConfigError || cause instanceof RequestError)
        throw cause;
      const why = cause instanceof BodyError ? cause.message : "it is no JSON";
      throw new BodyError("request/line", `line ${i + 1}: ${why}`, { line: i + 1 }, { cause });
    }
  });
  if (rows.length === 0) throw new BodyError("request/body", "the body has no line");
  return joinRows(rows);
}

/** A row as the only one of a batch. */
const inRow = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, [item]]))
    : [value];

function packExamples(model: Model, body: TrainBody): PackedBatch {
  const { rows, arrays } = batchOf(model, body);
  const more: NamedArray<FlatArray["data"]>[] = [];
  const outputs = Object.keys(model.graph.outputs);
  const named = entriesOf(body.y);
  for (const [name, value] of named) {
    if (name !== "" && !outputs.includes(name))
      throw new ShapeError(
        "data/unknown",
        `y.${name}: the model has no such output; it has ${outputs.join(", ")}`,
        {
          tensor: `y.${name}`,
        },
      );
    more.push(columnsOf("y", name, value, rows));
  }
  if (named.length !== outputs.length)
    throw new ShapeError("data/missing", `y: expected targets for ${outputs.join(", ")}`, { tensor: "y" });
  if (body.sampleWeights) more.push(columnsOf("w", "", body.sampleWeights, rows));
  const packed = [...arrays, ...more].map((array) => ({ ...array, data: packNumbers(array.data) }));
  return { rows, arrays: packed };
}

function batchOf(model: Model, body: PredictBody): FlatBatch {
  const { inputs } = model.graph;
  const named = entriesOf(body.x);
  if (named.length !== inputs.length) {
    const names = inputs.map(({ name }) => name).join(", ");
    throw new ShapeError("data/missing", `x: expected arrays for ${names}`, { tensor: "x" });
  }
  const { rows, lengths } = rowsIn(model, body);
  if (rows === 0)
    throw new ShapeError("data/empty", "x: expected at least one row, got none", { tensor: "x" });
  if (rows > MAX_ROWS) refuseRows(rows);
  const arrays = [];
  for (const [name, value] of named) arrays.push(columnsOf("x", name, value, rows));
  if (lengths) arrays.push(columnsOf("l", "", { data: Float64Array.from(lengths), rows: undefined }, rows));
  return { rows, arrays };
}

function refuseRows(rows: number): never {
  throw new RequestError(413, "request/rows", `a request takes at most ${MAX_ROWS} rows, got ${rows}`);
}

/** @param rows what the inputs have; targets, weights and lengths must divide into as many */
function columnsOf(
  role: Role,
  name: string,
  { data, rows: given }: FlatArray,
  rows: number,
): NamedArray<FlatArray["data"]> {
  const columns = data.length / rows;
  const single = role === "w" || role === "l";
  const even = (given === undefined || given === rows) && Number.isInteger(columns) && columns > 0;
  if (even && (!single || columns === 1)) return { role, name, data };
  const tensor = label(role === "w" ? "sampleWeights" : role === "l" ? "lengths" : role, name);
  const got = given === undefined || even ? `${data.length} values` : given;
  const expected = even ? `${rows} values` : `${rows} rows like x`;
  throw new ShapeError("data/rows", `${tensor}: expected ${expected}, got ${got}`, { tensor });
}

const TYPES = { F32: Float32Array, I32: Int32Array, U8: Uint8Array } as const;

function fromSafetensors(body: Uint8Array, targets: boolean): TrainBody {
  const groups = { x: new Map<string, FlatArray>(), y: new Map<string, FlatArray>() };
  let [sampleWeights, lengths]: (FlatArray | undefined)[] = [];
  for (const [name, range] of tensorsOf(body)) {
    const numbers = () => numbersOf(body, name, range, targets);
    const dot = name.indexOf(".");
    const role = dot < 0 ? name : name.slice(0, dot);
    if (role === "x" || (role === "y" && targets))
      groups[role].set(dot < 0 ? "" : name.slice(dot + 1), numbers());
    else if (name === "lengths") lengths = numbers();
    else if (name === "sampleWeights" && targets) sampleWeights = numbers();
    else
      throw new ShapeError("data/unknown", `the body has an unknown tensor "${name.slice(0, 80)}"`, {
        tensor: name,
      });
  }
  const single = (group: Map<string, FlatArray>): FlatArrays =>
    group.size === 1 && group.has("") ? group.get("")! : group;
  return { x: single(groups.x), y: single(groups.y), sampleWeights, lengths, steps: 1 };
}

/** Clients send rows of one form again and again: what the last header said holds for the same bytes. */
let last: { readonly header: Uint8Array; readonly bodyBytes: number; readonly ranges: Ranges } | undefined;

type Ranges = readonly (readonly [name: string, range: SafetensorsRange])[];

function tensorsOf(body: Uint8Array): Ranges {
  if (last?.bodyBytes === body.length && startsWith(body, last.header)) return last.ranges;
  const { ranges, start } = readSafetensorsHeader(body, body.length, {
    maxHeaderBytes: 65_536,
    maxTensors: 64,
  });
  last = { header: body.slice(0, start), bodyBytes: body.length, ranges: [...ranges] };
  return last.ranges;
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  for (let i = 0; i < start.length; i++) if (bytes[i] !== start[i]) return false;
  return true;
}

/**
 * A view of the body where its bytes are aligned.
 * @param kept whether the numbers must be finite before they are kept; what is predicted from, the core looks at itself
 */
function numbersOf(
  body: Uint8Array,
  tensor: string,
  { dtype, shape, begin, end }: SafetensorsRange,
  kept: boolean,
): FlatArray {
  const type = TYPES[dtype as keyof typeof TYPES];
  if (!type)
    throw new ShapeError("data/type", `${tensor}: expected F32, I32 or U8, got ${dtype}`, { tensor });
  const size = type.BYTES_PER_ELEMENT;
  const at = body.byteOffset + begin;
  const values =
    at % size === 0
      ? new type(body.buffer as ArrayBuffer, at, (end - begin) / size)
      : new type(body.slice(begin, end).buffer);
  const bad = kept && values instanceof Float32Array ? firstNotFinite(values) : -1;
  if (bad >= 0)
    throw new ConfigError(
      "data/not-finite",
      `${tensor}: value ${bad} is ${values[bad]}, expected finite numbers`,
      {
        tensor,
      },
    );
  return { data: values, rows: shape.length > 1 ? shape[0] : undefined };
}

function firstNotFinite(values: Float32Array): number {
  // The difference is 0 for every number but the infinities and NaN.
  for (let i = 0; i < values.length; i++) if (values[i]! - values[i]! !== 0) return i;
  return -1;
}
