// Rows as a request's body: JSON, or a safetensors file where the caller has typed arrays.
//
// Place: under the client's calls that send examples. Invariant: the Worker reads the same numbers from either form, as f32;
// typed arrays go as the bytes they are, which the Worker need not read digit by digit.

import { ShapeError } from "../errors.ts";
import { type SafetensorsTensor, writeSafetensors } from "../io/safetensors.ts";

/** Numbers of one input or output: a typed array, flat or one a row, or plain arrays, flat or nested. */
export type RowArray =
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint8Array
  | Uint8ClampedArray
  | readonly unknown[];

/** Numbers of the only input or output, or of each by its name. */
export type Rows = RowArray | { readonly [name: string]: RowArray };

type Parts = Readonly<Record<string, Rows | readonly number[] | undefined>>;

const isArray = (value: unknown): value is RowArray => Array.isArray(value) || ArrayBuffer.isView(value);

const hasTyped = (value: unknown): boolean =>
  ArrayBuffer.isView(value) || (Array.isArray(value) && value.some(hasTyped));

/** @throws ShapeError for rows of different lengths among typed arrays */
export function bodyOf(parts: Parts): object {
  const named = Object.entries(parts).flatMap(([part, rows]): (readonly [string, RowArray])[] => {
    if (rows === undefined) return [];
    if (isArray(rows)) return [[part, rows]];
    return Object.entries(rows).map(([name, array]) => [`${part}.${name}`, array]);
  });
  if (!named.some(([, array]) => hasTyped(array))) return parts;
  return writeSafetensors(named.map(([name, array]) => ({ name, ...tensorOf(name, array) })));
}

function tensorOf(name: string, array: RowArray): Omit<SafetensorsTensor, "name"> {
  if (!Array.isArray(array) || !isArray(array[0])) {
    const numbers = flat(array);
    return { ...numbers, shape: [numbers.data.length] };
  }
  const rows = array.map((row: RowArray) => flat(row).data);
  const columns = rows[0]!.length;
  const data = new Float32Array(rows.length * columns);
  for (const [i, row] of rows.entries()) {
    if (row.length !== columns)
      throw new ShapeError("data/rows", `${name}: rows have ${columns} and ${row.length} values: pad them`, {
        tensor: name,
      });
    data.set(row, i * columns);
  }
  return { dtype: "F32", shape: [rows.length, columns], data };
}

/** All numbers in a row, in the type they have if the Worker knows it. */
function flat(
  array: RowArray,
): Pick<SafetensorsTensor, "dtype"> & { data: Float32Array | Int32Array | Uint8Array } {
  if (array instanceof Float32Array) return { dtype: "F32", data: array };
  if (array instanceof Int32Array) return { dtype: "I32", data: array };
  if (array instanceof Uint8Array) return { dtype: "U8", data: array };
  if (array instanceof Uint8ClampedArray) return { dtype: "U8", data: new Uint8Array(array) };
  if (array instanceof Float64Array) return { dtype: "F32", data: new Float32Array(array) };
  return { dtype: "F32", data: new Float32Array(numbersIn(array)) };
}

function* numbersIn(array: Iterable<unknown>): Generator<number> {
  for (const item of array)
    if (isArray(item)) yield* numbersIn(item);
    else yield item as number;
}
