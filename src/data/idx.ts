// IDX files (the container of MNIST): magic number, dimensions, unsigned bytes. Also opens gzip.
// Place: data preparation; runtime-neutral, so files are bytes here and the command line reads them from disk.
// Invariant: dimensions are checked against the bytes present before anything is allocated.

import { FormatError, ShapeError } from "../errors.ts";

/** The contents of an IDX file of unsigned bytes. */
export interface IdxFile {
  readonly dims: readonly number[];
  /** Row-major; a view of the bytes given. */
  readonly data: Uint8Array;
}

/** Images with one label each. */
export interface LabelledImages {
  /** `count` images, row after row. */
  readonly x: Uint8Array;
  readonly y: Uint8Array;
  readonly count: number;
  /** Shape of one image: `[height, width]`. */
  readonly imageShape: readonly number[];
}

function fail(code: string, file: string, message: string, cause?: unknown): never {
  throw new FormatError(`idx/${code}`, `${file}: ${message}`, { file }, { cause });
}

/**
 * Reads an IDX file of unsigned bytes.
 * @param file - name used in errors
 * @throws FormatError when it is no IDX file, holds another element type, is cut short or has bytes left over.
 */
export function parseIdx(bytes: Uint8Array, file = "IDX data"): IdxFile {
  if (bytes.length < 4)
    fail("truncated", file, `expected an IDX file, got ${bytes.length} bytes; it is cut short`);
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) fail("magic", file, "is gzip; open it with gunzip first");
  const [zero0, zero1, type, rank] = bytes as unknown as [number, number, number, number];
  if (zero0 || zero1 || rank === 0) {
    const magic = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    fail("magic", file, `expected an IDX file (00 00 08 and a rank), got the bytes ${magic}`);
  }
  if (type !== 8)
    fail("dtype", file, `expected unsigned bytes (IDX type 0x08), got type 0x${type.toString(16)}`);
  const start = 4 + 4 * rank;
  if (bytes.length < start) {
    fail("truncated", file, `cut short inside its header: expected ${start} bytes, got ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dims = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  // A product past 2^53 is inexact but still far above any file's length, so the comparison stands.
  const expected = dims.reduce((product, size) => product * size, 1);
  const got = bytes.length - start;
  if (got < expected)
    fail("truncated", file, `cut short: [${dims}] takes ${expected} bytes of data, got ${got}`);
  if (got > expected) fail("trailing-bytes", file, `[${dims}] takes ${expected} bytes of data, got ${got}`);
  // Not subarray: of Node's Buffer it gives a Buffer, whose slice() does not copy.
  return { dims, data: new Uint8Array(bytes.buffer, bytes.byteOffset + start, got) };
}

/**
 * Puts images and labels together.
 * @throws FormatError when the counts differ or the ranks are wrong.
 */
export function pairIdx(
  images: IdxFile,
  labels: IdxFile,
  files: { images: string; labels: string } = { images: "images", labels: "labels" },
): LabelledImages {
  if (images.dims.length < 2) {
    fail("rank", files.images, `expected images [count, height, width], got dimensions [${images.dims}]`);
  }
  if (labels.dims.length !== 1)
    fail("rank", files.labels, `expected labels [count], got dimensions [${labels.dims}]`);
  const [count, ...imageShape] = images.dims as [number, ...number[]];
  if (count !== labels.dims[0]) {
    const message = `holds ${labels.dims[0]} labels for the ${count} images of ${files.images}; take files that belong together`;
    fail("count-mismatch", files.labels, message);
  }
  return { x: images.data, y: labels.data, count, imageShape };
}

/** Writes unsigned bytes as an IDX file. */
export function writeIdx(dims: readonly number[], data: Uint8Array): Uint8Array<ArrayBuffer> {
  const expected = dims.reduce((product, size) => product * size, 1);
  if (expected !== data.length) {
    throw new ShapeError("shape/length", `writeIdx: [${dims}] takes ${expected} bytes, got ${data.length}`, {
      dims,
    });
  }
  const start = 4 + 4 * dims.length;
  const bytes = new Uint8Array(start + data.length);
  bytes.set([0, 0, 8, dims.length]);
  const view = new DataView(bytes.buffer);
  dims.forEach((size, i) => {
    view.setUint32(4 + 4 * i, size);
  });
  bytes.set(data, start);
  return bytes;
}

/** True for bytes that start like a gzip file. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Opens gzip. Works in Node, browsers and Workers.
 * @param maxBytes - refuses to unpack more than this (default 1 GB)
 * @throws FormatError when the data is not gzip, damaged, cut short or larger than `maxBytes`.
 */
export async function gunzip(bytes: Uint8Array, file = "gzip data", maxBytes = 2 ** 30): Promise<Uint8Array> {
  // Node 20 opens an empty stream without complaint.
  if (!isGzip(bytes)) fail("gzip", file, "is not a gzip file");
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = new Blob([bytes as Uint8Array<ArrayBuffer>])
    .stream()
    .pipeThrough(new DecompressionStream("gzip"))
    .getReader();
  for (;;) {
    let chunk: ReadableStreamReadResult<Uint8Array>;
    try {
      chunk = await reader.read();
    } catch (cause) {
      fail("gzip", file, "is not a whole gzip file: it is damaged or cut short", cause);
    }
    if (chunk.done) break;
    length += chunk.value.length;
    if (length > maxBytes) {
      await reader.cancel();
      fail("too-large", file, `unpacks to more than ${maxBytes} bytes`);
    }
    chunks.push(chunk.value);
  }
  const out = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}
