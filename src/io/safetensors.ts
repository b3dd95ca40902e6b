// The safetensors container: bytes to named tensors and back. A file is an 8-byte little-endian header length, a JSON
// header and the tensors' bytes. Model files and checkpoints are built on it; it knows nothing of either.
// Invariant: reading validates the whole header before it hands out a tensor, never allocates by a size the file claims
// (tensors are views), and throws nothing but FormatError, whatever the bytes.

import { type ErrorFields, FormatError } from "../errors.ts";

/** Bytes of one element, for every type of the format whose elements are whole bytes. */
const DTYPE_BYTES = new Map([
  ...["BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0"].map((dtype) => [dtype, 1] as const),
  ...["U16", "I16", "F16", "BF16"].map((dtype) => [dtype, 2] as const),
  ...["U32", "I32", "F32"].map((dtype) => [dtype, 4] as const),
  ...["U64", "I64", "F64", "C64"].map((dtype) => [dtype, 8] as const),
]);

/** The format's own limit. */
const MAX_HEADER_BYTES = 100_000_000;

/** A tensor as it lies in a file. `data` is a view: it may start at any address, so copy it before viewing as floats. */
export interface SafetensorsView {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** What a safetensors file holds, in the order of its header. */
export interface SafetensorsFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, SafetensorsView>;
}

/** Caps for files from untrusted sources. */
export interface ReadSafetensorsOptions {
  /** Largest header accepted, in bytes; default and maximum 100,000,000 (the format's own limit). */
  readonly maxHeaderBytes?: number;
  /** Most tensors accepted; default 100,000. */
  readonly maxTensors?: number;
}

/** A tensor to be written. */
export interface SafetensorsTensor {
  readonly name: string;
  readonly dtype: "F32" | "F64" | "U8" | "I32" | "U32";
  readonly shape: readonly number[];
  /** The elements as a typed array of that type, or their little-endian bytes. */
  readonly data: ArrayBufferView;
}

function fail(code: string, message: string, fields?: ErrorFields, cause?: unknown): never {
  throw new FormatError(`safetensors/${code}`, `safetensors: ${message}`, fields, { cause });
}

/** Refuses a tensor whose bytes are not `got`, or more than a double counts exactly. */
function checkSize(tensor: string, dtype: string, shape: readonly number[], got: number): void {
  let bytes = DTYPE_BYTES.get(dtype);
  if (!bytes) fail("dtype", `tensor "${tensor}" has unknown dtype ${JSON.stringify(dtype)}`, { tensor });
  for (const size of shape) {
    bytes *= size;
    if (!Number.isSafeInteger(bytes))
      fail("overflow", `tensor "${tensor}": [${shape}] overflows`, { tensor });
  }
  if (bytes !== got) {
    fail("size-mismatch", `tensor "${tensor}": ${dtype} [${shape}] takes ${bytes} bytes, got ${got}`, {
      tensor,
    });
  }
}

/** Names must survive UTF-8 and must not reach a prototype when a caller uses them as keys. */
function checkName(tensor: string): void {
  if (tensor in {} || /\p{Surrogate}/u.test(tensor)) {
    fail("name", `tensor name ${JSON.stringify(tensor)} is not allowed`, { tensor });
  }
}

interface Header {
  readonly entries: ReadonlyMap<string, SafetensorsRange>;
  readonly metadata: Record<string, string>;
}

/**
 * Reads the header by its own grammar rather than with JSON.parse, which keeps the last of two equal keys, rounds
 * large integers, takes 1e0 for an integer and overflows the stack on deep nesting. Closures, not a class: minifiers
 * shorten their names.
 */
function parseHeader(text: string, maxTensors: number): Header {
  const entries = new Map<string, SafetensorsRange>();
  const metadata: Record<string, string> = Object.create(null);
  let hasMetadata = false;
  let at = 0;

  const unexpected = (expected: string): never => {
    const got = at < text.length ? JSON.stringify(text[at]) : "the end";
    return fail("json", `header: expected ${expected} at character ${at}, got ${got}`);
  };
  const refuseDuplicate = (tensor: string, known: boolean): void => {
    if (known) fail("duplicate", `header holds the key ${JSON.stringify(tensor)} twice`, { tensor });
  };
  const take = (token: string): boolean => {
    while (" \t\n\r".includes(text[at] ?? "x")) at++;
    if (token !== text[at]) return false;
    at++;
    return true;
  };
  const expect = (token: string): void => {
    if (!take(token)) unexpected(token);
  };
  const list = (brackets: string, item: () => void): void => {
    expect(brackets[0]!);
    if (take(brackets[1]!)) return;
    do item();
    while (take(","));
    expect(brackets[1]!);
  };
  const string = (): string => {
    expect('"');
    const start = at - 1;
    for (; text[at] !== '"'; at++) {
      if (text[at] === "\\") at++;
      if (at >= text.length) unexpected('"');
    }
    try {
      // One string token: here JSON.parse is exact, and it refuses bad escapes and control characters.
      return JSON.parse(text.slice(start, ++at));
    } catch (cause) {
      return fail("json", `header: bad string at character ${start}`, {}, cause);
    }
  };
  const object = (member: (key: string) => void): void =>
    list("{}", () => {
      const key = string();
      expect(":");
      member(key);
    });
  const integers = (): number[] => {
    const values: number[] = [];
    list("[]", () => {
      // Nothing to take but the space before the number.
      take("");
      const start = at;
      while (text[at]! >= "0" && text[at]! <= "9") at++;
      const digits = text.slice(start, at);
      if (!/^(0|[1-9]\d*)$/.test(digits)) unexpected("an integer ≥ 0");
      if (!Number.isSafeInteger(+digits))
        fail("overflow", `integer ${digits.slice(0, 40)} is above 2^53 - 1`);
      values.push(+digits);
    });
    return values;
  };
  const entry = (tensor: string): SafetensorsRange => {
    let dtype: string | undefined;
    let shape: number[] | undefined;
    let offsets: number[] | undefined;
    object((key) => {
      if (key === "dtype" && dtype === undefined) dtype = string();
      else if (key === "shape" && !shape) shape = integers();
      else if (key === "data_offsets" && !offsets) offsets = integers();
      else fail("field", `tensor "${tensor}": unknown or repeated field ${JSON.stringify(key)}`, { tensor });
    });
    if (dtype === undefined || !shape || offsets?.length !== 2) {
      fail("field", `tensor "${tensor}" needs dtype, shape and two data_offsets`, { tensor });
    }
    const [begin, end] = offsets as [number, number];
    checkSize(tensor, dtype, shape, end - begin);
    return { dtype, shape, begin, end };
  };

  if (text[0] !== "{") unexpected("{");
  object((key) => {
    if (key === "__metadata__") {
      refuseDuplicate(key, hasMetadata);
      hasMetadata = true;
      object((name) => {
        refuseDuplicate(name, name in metadata);
        metadata[name] = string();
      });
      return;
    }
    checkName(key);
    refuseDuplicate(key, entries.has(key));
    if (entries.size >= maxTensors) fail("too-many-tensors", `more than ${maxTensors} tensors`);
    entries.set(key, entry(key));
  });
  take("");
  if (at < text.length) unexpected("the end of the header");
  return { entries, metadata };
}

/** Where a tensor lies: while its header is read counted from the data's beginning, then from the file's. */
export interface SafetensorsRange {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** A file's header, and where its tensors lie. */
export interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>;
  readonly ranges: ReadonlyMap<string, SafetensorsRange>;
  /** First byte behind the header. */
  readonly start: number;
}

/** Bytes that must be read before `readSafetensorsHeader` says how many the header takes. */
export function headerEnd(first: Uint8Array, options: ReadSafetensorsOptions = {}): number {
  const maxHeaderBytes = Math.min(options.maxHeaderBytes ?? MAX_HEADER_BYTES, MAX_HEADER_BYTES);
  if (first.length < 8)
    fail("truncated", `expected at least 8 bytes, got ${first.length}; the file is cut short`);
  const words = new DataView(first.buffer, first.byteOffset, 8);
  const headerBytes = words.getUint32(0, true) + words.getUint32(4, true) * 2 ** 32;
  const isThis = `the limit is ${maxHeaderBytes}; is this a safetensors file?`;
  if (headerBytes > maxHeaderBytes) fail("header-too-large", `header of ${headerBytes} bytes, ${isThis}`);
  return 8 + headerBytes;
}

/**
 * Reads and checks the header of a file of `fileBytes` bytes; `bytes` must hold at least the header.
 * @throws FormatError for anything the format forbids: bad header, repeated keys, unknown types, holes, overlaps.
 */
export function readSafetensorsHeader(
  bytes: Uint8Array,
  fileBytes: number,
  options: ReadSafetensorsOptions = {},
): SafetensorsHeader {
  const start = headerEnd(bytes, options);
  if (start > bytes.length) {
    fail("truncated", `header of ${start - 8} bytes in a file of ${fileBytes}; the file is cut short`);
  }
  let text: string;
  try {
    // ignoreBOM keeps a byte order mark in the text, where the header reader refuses it.
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(8, start));
  } catch (cause) {
    fail("utf8", "the header is not valid UTF-8; is this a safetensors file?", {}, cause);
  }
  const { entries, metadata } = parseHeader(text, options.maxTensors ?? 100_000);
  let expected = 0;
  // By begin, then end: an empty tensor comes before the one that starts where it stands.
  for (const [tensor, { begin, end }] of [...entries].sort(
    ([, a], [, b]) => a.begin - b.begin || a.end - b.end,
  )) {
    if (begin !== expected) {
      const code = begin > expected ? "hole" : "overlap";
      fail(code, `${code} before tensor "${tensor}": expected it at byte ${expected}, got ${begin}`, {
        tensor,
      });
    }
    expected = end;
  }
  const dataBytes = fileBytes - start;
  if (dataBytes !== expected) {
    const [code, why] =
      dataBytes < expected ? ["truncated", "the file is cut short"] : ["trailing-bytes", "it was added to"];
    fail(code, `expected ${expected} bytes of data, got ${dataBytes}; ${why}`);
  }
  const ranges = new Map<string, SafetensorsRange>();
  for (const [tensor, { dtype, shape, begin, end }] of entries)
    ranges.set(tensor, { dtype, shape, begin: start + begin, end: start + end });
  return { metadata, ranges, start };
}

/**
 * Reads a safetensors file. Nothing is copied: each tensor's `data` is a view of `file`.
 * @throws FormatError as readSafetensorsHeader
 */
export function readSafetensors(file: Uint8Array, options: ReadSafetensorsOptions = {}): SafetensorsFile {
  // Node's Buffer is a Uint8Array whose slice() does not copy: no view of it may reach a caller.
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.length);
  const { metadata, ranges } = readSafetensorsHeader(bytes, bytes.length, options);
  const tensors = new Map<string, SafetensorsView>();
  for (const [tensor, { dtype, shape, begin, end }] of ranges)
    tensors.set(tensor, { dtype, shape, data: bytes.subarray(begin, end) });
  return { metadata, tensors };
}

/** A tensor whose bytes come later. */
export type SafetensorsSlot = Omit<SafetensorsTensor, "data"> & {
  readonly data: { readonly byteLength: number };
};

/** A file's length prefix and header, with room for its tensors behind it, and the tensors in their order. */
export function writeSafetensorsHeader<T extends SafetensorsSlot>(
  tensors: Iterable<T>,
  metadata: Readonly<Record<string, string>> = {},
): { header: Uint8Array<ArrayBuffer>; sorted: T[]; fileBytes: number } {
  const sorted = [...tensors].sort(
    (a, b) => DTYPE_BYTES.get(b.dtype)! - DTYPE_BYTES.get(a.dtype)! || (a.name < b.name ? -1 : 1),
  );
  const header = new Map<string, object>();
  if (Object.keys(metadata).length) header.set("__metadata__", metadata);
  let end = 0;
  for (const { name, dtype, shape, data } of sorted) {
    checkName(name);
    if (name === "__metadata__" || header.has(name))
      fail("duplicate", `tensor name "${name}" is taken`, { tensor: name });
    checkSize(name, dtype, shape, data.byteLength);
    const begin = end;
    end += data.byteLength;
    header.set(name, { dtype, shape, data_offsets: [begin, end] });
  }
  // Not Object.fromEntries: it would move integer-like names to the front.
  const members = Array.from(header, ([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  const json = new TextEncoder().encode(`{${members}}`);
  const start = 8 + Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(start).fill(32, 8);
  new DataView(bytes.buffer).setUint32(0, start - 8, true);
  bytes.set(json, 8);
  return { header: bytes, sorted, fileBytes: start + end };
}

/**
 * Writes a safetensors file. Wide types come first, then by name, as the reference writer does, so each tensor starts
 * at a multiple of its element size; equal input gives equal bytes.
 * @throws FormatError for a name used twice or not allowed, or data whose length does not fit the shape.
 */
export function writeSafetensors(
  tensors: Iterable<SafetensorsTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const { header, sorted, fileBytes } = writeSafetensorsHeader(tensors, metadata);
  const file = new Uint8Array(fileBytes);
  file.set(header);
  let at = header.length;
  for (const { data } of sorted) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}
