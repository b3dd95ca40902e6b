// Runs a core's start function at build time and writes what it leaves in memory into the module's data.
//
// Place: after asc, in scripts/build.mjs, for all cores but the checked one and the
// relaxed one, which the oldest Node cannot run. The start function fills the table of kernels
// and the table of constants; AssemblyScript makes it read every function's index from an object of 32 bytes. Neither
// that code nor those objects are needed in a module that starts with both tables filled.
// Invariant: behind instantiation memory holds what it held before, but for objects that no other code names; no other
// code changes.

const START = 8;
const CODE = 10;
const DATA = 11;
const DATA_COUNT = 12;
const CALL = 0x10;
const END = 0x0b;
const I32_CONST = 0x41;
/** In a load: aligned to 2² bytes; the offset follows. */
const ALIGNED = 2;
/** The words of a function object: its size without the first, three of the runtime's, its payload's size, index, two of 0. */
const OBJECT_BYTES = 32;
const INDEX_AT = 20;
const OBJECT_SIZE = 28;
const PAYLOAD_SIZE = 8;
/** Zeros between two data segments: fewer cost less than another segment. */
const GAP = 8;

function readLeb(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value |= (byte & 127) << shift;
    if (byte < 128) return [value >>> 0, at];
  }
}

function leb(value) {
  const out = [];
  for (let left = value; ; left >>>= 7) {
    if (left < 128) return [...out, left];
    out.push((left & 127) | 128);
  }
}

/** The same for the signed numbers of i32.const. */
function signedLeb(value) {
  const out = leb(value);
  return out.at(-1) & 64 ? [...out.slice(0, -1), out.at(-1) | 128, 0] : out;
}

function sectionsOf(binary) {
  const sections = [];
  for (let at = 8; at < binary.length; ) {
    const [length, start] = readLeb(binary, at + 1);
    sections.push({ id: binary[at], content: binary.subarray(start, start + length) });
    at = start + length;
  }
  return sections;
}

/** Empties the start function and, where it does nothing but call another, that one. Cores import no functions. */
function withoutStart(code, start) {
  let [count, at] = readLeb(code, 0);
  const bodies = [];
  for (; count > 0; count--) {
    const [length, from] = readLeb(code, at);
    at = from + length;
    bodies.push(code.subarray(from, at));
  }
  for (let next = start; next !== undefined; ) {
    const body = bodies[next];
    // no locals, one call, end
    const [called, behind] = body[1] === CALL ? readLeb(body, 2) : [undefined, 0];
    bodies[next] = Buffer.from([0, END]);
    next = called !== undefined && behind === body.length - 1 ? called : undefined;
  }
  const parts = bodies.flatMap((body) => [Buffer.from(leb(body.length)), body]);
  return Buffer.concat([Buffer.from(leb(bodies.length)), ...parts]);
}

/** What a new instance has in its memory below its heap, without function objects that no code of `code` names. */
function memoryOf(binary, code) {
  const named = (address) =>
    code.includes(Buffer.from([I32_CONST, ...signedLeb(address)])) ||
    code.includes(Buffer.from([ALIGNED, ...leb(address)]));
  const memory = new WebAssembly.Memory({ initial: 2 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(binary), { env: { memory } });
  const bytes = new Uint8Array(memory.buffer).slice(0, exports.heapBase());
  const words = new Uint32Array(bytes.buffer, 0, bytes.length >> 2);
  const functions = exports.table.length;
  for (let at = 0; (at << 2) + OBJECT_BYTES <= bytes.length; at++) {
    const [size, a, b, , payload, index, c, d] = words.subarray(at, at + (OBJECT_BYTES >> 2));
    const plain = a === 0 && b === 0 && c === 0 && d === 0;
    const isFunction =
      size === OBJECT_SIZE && plain && payload === PAYLOAD_SIZE && index > 0 && index < functions;
    if (isFunction && !named((at << 2) + INDEX_AT)) words.fill(0, at, at + (OBJECT_BYTES >> 2));
  }
  return bytes;
}

function dataOf(bytes) {
  const segments = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes[at] === 0) {
      at++;
      continue;
    }
    let end = at + 1;
    for (let zeros = 0, i = end; i < bytes.length && zeros < GAP; i++) {
      if (bytes[i] === 0) zeros++;
      else {
        zeros = 0;
        end = i + 1;
      }
    }
    segments.push([0, I32_CONST, ...signedLeb(at), END, ...leb(end - at), ...bytes.subarray(at, end)]);
    at = end;
  }
  return segments;
}

/** The module as its start function leaves it. */
export function presetMemory(binary) {
  const sections = sectionsOf(binary);
  const start = sections.find(({ id }) => id === START);
  const code = sections.find(({ id }) => id === CODE);
  code.content = withoutStart(code.content, readLeb(start.content, 0)[0]);
  const segments = dataOf(memoryOf(binary, code.content));
  for (const section of sections) {
    if (section.id === DATA) section.content = Buffer.from([...leb(segments.length), ...segments.flat()]);
    if (section.id === DATA_COUNT) section.content = Buffer.from(leb(segments.length));
  }
  const parts = sections
    .filter((section) => section !== start)
    .flatMap(({ id, content }) => [Buffer.from([id, ...leb(content.length)]), content]);
  return Buffer.concat([binary.subarray(0, 8), ...parts]);
}
