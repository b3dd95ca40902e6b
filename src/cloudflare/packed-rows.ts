// Rows of examples as bytes: what the journal and the example store hold.
//
// Place: between parsed requests and SQLite; what is stepped on is always what was packed, live and in a replay alike.
// Invariant: packing keeps each number's f32 value; a class label stays an integer. The form is versioned.
//
// Layout, little-endian:  u8 form = 1, u8 arrays, u16 header bytes, JSON header, then each array padded to 8 bytes.
// Header: [[role, name, type, length], …] with role x, y, w (sample weights) or l (lengths).

import { FormatError } from "../errors.ts";
import type { Arrays, NumericArray } from "../train/feeds.ts";

export type PackedArray = Uint8Array | Int32Array | Float32Array;
export type Role = "x" | "y" | "w" | "l";

export interface NamedArray<A extends NumericArray = PackedArray> {
  readonly role: Role;
  /** "" where the model has one input or output. */
  readonly name: string;
  readonly data: A;
}

/** A batch of examples, in arrays of its inputs and outputs. */
export interface Batch<A extends NumericArray> {
  readonly rows: number;
  readonly arrays: readonly NamedArray<A>[];
}

export type PackedBatch = Batch<PackedArray>;

const FORM = 1;
const TYPES = { u8: Uint8Array, i32: Int32Array, f32: Float32Array } as const;
type TypeName = keyof typeof TYPES;
const typeOf = (data: PackedArray): TypeName =>
  data instanceof Uint8Array ? "u8" : data instanceof Int32Array ? "i32" : "f32";

const align = (bytes: number): number => (bytes + 7) & ~7;

/** The smallest type that holds the numbers as the core would read them. */
export function packNumbers(data: NumericArray): PackedArray {
  if (data instanceof Uint8Array) return data;
  let bytes = true;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    // −0 is no integer here: its sign may reach a sum.
    if (value !== (value | 0) || (value === 0 && 1 / value < 0)) return new Float32Array(data);
    if (value < 0 || value > 255) bytes = false;
  }
  return bytes ? new Uint8Array(data) : new Int32Array(data);
}

export function encodeBatch({ rows, arrays }: PackedBatch): Uint8Array {
  const header = new TextEncoder().encode(
    JSON.stringify([rows, ...arrays.map(({ role, name, data }) => [role, name, typeOf(data), data.length])]),
  );
  const start = align(4 + header.length);
  const bytes = new Uint8Array(arrays.reduce((sum, { data }) => sum + align(data.byteLength), start));
  bytes.set([FORM, arrays.length, header.length & 255, header.length >> 8]);
  bytes.set(header, 4);
  let at = start;
  for (const { data } of arrays) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += align(data.byteLength);
  }
  return bytes;
}

/** The arrays are views of the buffer. */
export function decodeBatch(buffer: ArrayBuffer): PackedBatch {
  const bytes = new Uint8Array(buffer);
  if (bytes[0] !== FORM) throw new FormatError("storage/form", "a stored example has an unknown form");
  const length = bytes[2]! + 256 * bytes[3]!;
  const [rows, ...entries] = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))) as [
    number,
    ...[Role, string, TypeName, number][],
  ];
  let at = align(4 + length);
  const arrays = entries.map(([role, name, type, count]) => {
    const data = new TYPES[type](buffer, at, count);
    at += align(data.byteLength);
    return { role, name, data };
  });
  return { rows, arrays };
}

/** Each row as a batch of its own. */
export function* rowsOfBatch({ rows, arrays }: PackedBatch): Generator<PackedBatch> {
  for (let row = 0; row < rows; row++)
    yield {
      rows: 1,
      arrays: arrays.map(({ role, name, data }) => {
        const columns = data.length / rows;
        return { role, name, data: data.slice(row * columns, (row + 1) * columns) as PackedArray };
      }),
    };
}

/** Rows of one model as one batch; shorter times are padded with zeros, missing sample weights are 1. */
export function joinRows(rows: readonly PackedBatch[]): PackedBatch {
  const keys = new Map<string, { role: Role; name: string }>();
  for (const { arrays } of rows)
    for (const { role, name } of arrays) keys.set(`${role} ${name}`, { role, name });
  const arrays = [...keys.values()].map(({ role, name }) => {
    const parts = rows.map(
      ({ arrays: own }) =>
        own.find((array) => array.role === role && array.name === name)?.data ?? Uint8Array.of(1),
    );
    const columns = Math.max(...parts.map((part) => part.length));
    const whole = parts.every((part) => !(part instanceof Float32Array));
    const narrow = parts.every((part) => part instanceof Uint8Array);
    const type = narrow ? Uint8Array : whole ? Int32Array : Float32Array;
    const data = new type(columns * rows.length);
    parts.forEach((part, row) => {
      data.set(part, row * columns);
    });
    return { role, name, data };
  });
  return { rows: rows.length, arrays };
}

/** Without targets and weights. */
export const inputsIn = <A extends NumericArray>({ rows, arrays }: Batch<A>): Batch<A> => ({
  rows,
  arrays: arrays.filter(({ role }) => role === "x" || role === "l"),
});

/** Inputs as a prediction takes them. */
export function predictArguments({ arrays }: Batch<NumericArray>): {
  x: Arrays;
  options: { lengths?: NumericArray };
} {
  // The common case, without a step between.
  if (arrays.length === 1 && arrays[0]!.name === "") return { x: arrays[0]!.data, options: {} };
  const { x, extra } = stepArguments({ rows: 0, arrays });
  return { x, options: "lengths" in extra ? { lengths: extra.lengths! } : {} };
}

/** As a trainer's step takes it. */
export function stepArguments({ arrays }: Batch<NumericArray>) {
  const of = (role: Role) => {
    const own = arrays.filter((array) => array.role === role);
    if (own.length === 1 && own[0]!.name === "") return own[0]!.data;
    return Object.fromEntries(own.map(({ name, data }) => [name, data]));
  };
  const one = (role: Role) => arrays.find((array) => array.role === role)?.data;
  const [weights, lengths] = [one("w"), one("l")];
  return {
    x: of("x"),
    y: of("y"),
    extra: { ...(weights && { sampleWeights: weights }), ...(lengths && { lengths }) },
  };
}
