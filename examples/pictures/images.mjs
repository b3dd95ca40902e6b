// Reads the IDX files of a data set and takes rows out of them: what the picture examples have in common.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzip, isGzip, pairIdx, parseIdx, takeRows } from "edgegrad/data";

async function readIdx(path) {
  const bytes = await readFile(path);
  return parseIdx(isGzip(bytes) ? await gunzip(bytes, path) : bytes, path);
}

/** Images and labels of `<folder>/<name>-images-idx3-ubyte.gz` and `…-labels-idx1-ubyte.gz`. */
export async function readImages(folder, name) {
  const files = {
    images: join(folder, `${name}-images-idx3-ubyte.gz`),
    labels: join(folder, `${name}-labels-idx1-ubyte.gz`),
  };
  return pairIdx(await readIdx(files.images), await readIdx(files.labels), files);
}

/** The rows of a list, as { x, y }. */
export function rowsOf({ x, y, imageShape }, rows) {
  return { x: takeRows(x, imageShape[0] * imageShape[1], rows), y: takeRows(y, 1, rows) };
}

/** Numbers from … to − 1. */
export const range = (from, to) => Uint32Array.from({ length: to - from }, (_, i) => from + i);
