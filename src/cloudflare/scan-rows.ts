// The plainest JSON body, `{ "x": [[1, 2.5], …] }` or `{ "x": [1, 2.5] }`, from its bytes to numbers in one pass.
//
// Place: tried before request-body.ts, in two thirds of its time or less (784 numbers: 7 µs of 12, a picture's 3). Invariant: what it takes, it takes as JSON.parse and the schema
// would, to the bit, or to the nearest f32 of that; whatever it does not know (other members, deeper rows, exponents, long decimals, mistakes) it leaves to them.

import type { FlatArray } from "./request-body.ts";

/** Powers of ten that a double holds exactly: an exact whole number divided by one is rounded once, so correctly. */
const POWERS = Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
/** Below, all that digits add up to is exact. */
const EXACT = 1e15;
const MAX_NUMBERS = 1 << 16;

const [SPACE, TAB, NEWLINE, RETURN] = [0x20, 0x09, 0x0a, 0x0d];
const [QUOTE, COMMA, COLON, X] = [0x22, 0x2c, 0x3a, 0x78];
const [MINUS, DOT, ZERO, NINE] = [0x2d, 0x2e, 0x30, 0x39];
const [OPEN, CLOSE, BEGIN, END] = [0x5b, 0x5d, 0x7b, 0x7d];

/** What was read so far of a body, as numbers of a type; grows as needed, to MAX_NUMBERS. */
const rooms = { f32: new Float32Array(1024), f64: new Float64Array(1024) };

/**
 * Undefined for any other body. The next call overwrites what this one gives.
 *
 * @param type f32 for inputs of f32, which the core takes without a conversion; whole numbers need f64
 */
export function scanRows(body: Uint8Array, type: "f32" | "f64"): FlatArray | undefined {
  let numbers = rooms[type];
  let last = body.length - 1;
  while (last > 0 && isSpace(body[last]!)) last--;
  // Every loop below ends at this brace at the latest, and so within the body.
  if (body[last] !== END) return undefined;
  let at = arrayIn(body);
  if (at < 0) return undefined;
  const nested = body[at] === OPEN;
  if (nested) at = skip(body, at + 1);
  let count = 0;
  let rows = 0;
  let firstRow = 0;
  // Each turn begins at a number.
  for (;;) {
    let byte = body[at]!;
    // The background of a picture, in one comparison each.
    while (byte === ZERO && body[at + 1] === COMMA && count < numbers.length) {
      numbers[count++] = 0;
      at = skip(body, at + 2);
      byte = body[at]!;
    }
    const negative = byte === MINUS;
    if (negative) byte = body[++at]!;
    const first = at;
    let mantissa = 0;
    while (byte >= ZERO && byte <= NINE) {
      mantissa = mantissa * 10 + (byte - ZERO);
      byte = body[++at]!;
    }
    if (at === first || (at > first + 1 && body[first] === ZERO)) return undefined;
    let fraction = 0;
    if (byte === DOT) {
      const dot = at;
      byte = body[++at]!;
      while (byte >= ZERO && byte <= NINE) {
        mantissa = mantissa * 10 + (byte - ZERO);
        byte = body[++at]!;
      }
      fraction = at - dot - 1;
      if (fraction === 0 || fraction >= POWERS.length) return undefined;
    }
    if (mantissa >= EXACT) return undefined;
    if (count === numbers.length) {
      if (count >= MAX_NUMBERS) return undefined;
      numbers = grow(type);
    }
    const value = fraction === 0 ? mantissa : mantissa / POWERS[fraction]!;
    numbers[count++] = negative ? -value : value;

    at = skip(body, at);
    byte = body[at]!;
    if (byte === CLOSE) {
      rows++;
      at = skip(body, at + 1);
      if (!nested) break;
      if (rows === 1) firstRow = count;
      else if (count !== rows * firstRow) return undefined;
      if (body[at] === CLOSE) {
        at = skip(body, at + 1);
        break;
      }
      if (body[at] !== COMMA) return undefined;
      at = skip(body, at + 1);
      if (body[at] !== OPEN) return undefined;
    } else if (byte !== COMMA) return undefined;
    at = skip(body, at + 1);
  }
  return at === last ? { data: numbers.subarray(0, count), rows: nested ? rows : undefined } : undefined;
}

/** Where the first item of x is, or -1. */
function arrayIn(body: Uint8Array): number {
  let at = skip(body, 0);
  if (body[at] !== BEGIN) return -1;
  at = skip(body, at + 1);
  if (body[at] !== QUOTE || body[at + 1] !== X || body[at + 2] !== QUOTE) return -1;
  at = skip(body, at + 3);
  if (body[at] !== COLON) return -1;
  at = skip(body, at + 1);
  return body[at] === OPEN ? skip(body, at + 1) : -1;
}

const isSpace = (byte: number): boolean =>
  byte <= SPACE && (byte === SPACE || byte === NEWLINE || byte === RETURN || byte === TAB);

/** Behind the white space of JSON; the body has something else behind that. */
function skip(body: Uint8Array, from: number): number {
  let at = from;
  while (isSpace(body[at]!)) at++;
  return at;
}

/** Twice the room, with what was read so far. */
function grow(type: "f32" | "f64") {
  const numbers = rooms[type];
  const larger = type === "f32" ? new Float32Array(2 * numbers.length) : new Float64Array(2 * numbers.length);
  larger.set(numbers);
  if (larger instanceof Float32Array) rooms.f32 = larger;
  else rooms.f64 = larger;
  return larger;
}
