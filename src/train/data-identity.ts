// What tells one data set from another: rows, element types, and a hash of a sample of values.
//
// Place: kept in checkpoints, so that a run goes on only with the data it began with.
// Invariant: cost does not grow with the data; integer arithmetic only, so the same in every runtime.

import { StateError } from "../errors.ts";
import type { DataIdentity } from "../io/checkpoint.ts";
import type { Feeds } from "./feeds.ts";

const SAMPLES = 256;

/** FNV-1a over up to 256 values of each array, spread evenly. */
export function identityOf({ rows, feeds }: Feeds): DataIdentity {
  const word = new DataView(new ArrayBuffer(4));
  let hash = 0x811c9dc5;
  const mix = (value: number) => {
    word.setFloat32(0, value);
    hash = Math.imul(hash ^ word.getUint32(0), 0x01000193) >>> 0;
  };
  for (const { data } of feeds) {
    const step = Math.max(1, Math.floor(data.length / SAMPLES));
    for (let i = 0; i < data.length; i += step) mix(data[i]!);
    mix(data.length);
  }
  // The element type as the user gave it would forbid to resume from another container of the same numbers.
  return { rows, types: feeds.map((feed) => `${feed.name}:${feed.dtype}:${feed.columns}`), hash };
}

export const sameData = (a: DataIdentity, b: DataIdentity): boolean =>
  a.rows === b.rows && a.hash === b.hash && a.types.join() === b.types.join();

export const otherData = (epoch: number, known: DataIdentity, now: DataIdentity): StateError =>
  new StateError(
    "run/other-data",
    `this training stands in epoch ${epoch + 1} on other data ` +
      `(${known.rows} rows; now ${now.rows}): go on with the same rows and order`,
  );
