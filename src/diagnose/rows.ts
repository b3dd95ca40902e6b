// Parts of a data set: some of its rows, its targets in another order.
//
// Place: used by the checks that run a trainer. Invariant: equal arguments give equal rows in equal order.

import type { Arrays, DataSet, NumericArray } from "../train/feeds.ts";

const isArray = (value: Arrays): value is NumericArray => Array.isArray(value) || ArrayBuffer.isView(value);

/** Rows of a flat array. */
export function takeRows(array: NumericArray, rows: number, chosen: readonly number[]): NumericArray {
  const columns = array.length / rows;
  const Kind = array.constructor as new (length: number) => { [index: number]: number; length: number };
  const result = new Kind(chosen.length * columns);
  chosen.forEach((row, i) => {
    for (let c = 0; c < columns; c++) result[i * columns + c] = array[row * columns + c]!;
  });
  return result as unknown as NumericArray;
}

function takeFrom(arrays: Arrays, rows: number, chosen: readonly number[]): Arrays {
  if (isArray(arrays)) return takeRows(arrays, rows, chosen);
  return Object.fromEntries(
    Object.entries(arrays).map(([name, array]) => [name, takeRows(array, rows, chosen)]),
  );
}

export function takeData(data: DataSet, rows: number, chosen: readonly number[]): DataSet {
  return {
    x: takeFrom(data.x, rows, chosen),
    y: data.y === undefined ? data.y : takeFrom(data.y, rows, chosen),
    ...(data.sampleWeights && { sampleWeights: takeRows(data.sampleWeights, rows, chosen) }),
    ...(data.lengths && { lengths: takeRows(data.lengths, rows, chosen) }),
  };
}

/** The numbers below `count` in an order that `seed` fixes (Fisher–Yates with a linear congruence). */
export function shuffledOrder(count: number, seed: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  let state = (seed * 2654435761 + 12345) >>> 0;
  for (let i = count - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((state / 2 ** 32) * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** The same inputs with the targets of other rows. */
export function shuffleTargets(data: DataSet, rows: number): DataSet {
  return data.y === undefined ? data : { ...data, y: takeFrom(data.y, rows, shuffledOrder(rows, 17)) };
}

export const arraysOf = (arrays: Arrays | undefined, role: string): [string, NumericArray][] =>
  arrays === undefined
    ? []
    : isArray(arrays)
      ? [[role, arrays]]
      : Object.entries(arrays).map(([name, array]) => [`${role}.${name}`, array]);
