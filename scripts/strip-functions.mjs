// Leaves out of a compiled module the objects that AssemblyScript makes of functions whose table index is asked for.
//
// Place: after asc, in scripts/build.mjs. The kernels are registered by `fn.index`, a constant; the object behind `fn`,
// 32 bytes of static memory each, is never read.
// Invariant: only pairs of data segments of exactly that form are left out; code and all other data stay as they are.

const DATA_COUNT = 12;
const DATA = 11;
/** Size of a function object, as its header says; its payload begins 12 bytes behind the header's size. */
const HEADER = 0x1c;
const PAYLOAD_AT = 12;

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

/** Active segments of memory 0: where each lies in the section, its address and its bytes. */
function segmentsOf(section) {
  let [count, at] = readLeb(section, 0);
  const segments = [];
  for (; count > 0; count--) {
    const from = at;
    // flags 0, i32.const (0x41) address, end (0x0b)
    if (section[at] !== 0 || section[at + 1] !== 0x41) throw new Error("a data segment that is not active");
    const [address, behind] = readLeb(section, at + 2);
    const [length, start] = readLeb(section, behind + 1);
    at = start + length;
    segments.push({ address, bytes: section.subarray(start, at), whole: section.subarray(from, at) });
  }
  return segments;
}

const wordAt = (bytes, at) =>
  bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);

/** Whether two neighbours are the header and the payload of a function object: class, size 8, table index. */
const isFunction = (header, payload) =>
  header.bytes.length === 1 &&
  header.bytes[0] === HEADER &&
  payload?.address === header.address + PAYLOAD_AT &&
  payload.bytes.length > 8 &&
  payload.bytes.length <= 12 &&
  wordAt(payload.bytes, 4) === 8;

/** The module without function objects. */
export function stripFunctions(binary) {
  const parts = [binary.subarray(0, 8)];
  const sections = [];
  for (let at = 8; at < binary.length; ) {
    const id = binary[at];
    const [length, start] = readLeb(binary, at + 1);
    sections.push({ id, content: binary.subarray(start, start + length) });
    at = start + length;
  }
  const data = sections.find(({ id }) => id === DATA);
  if (data === undefined) return binary;
  const segments = segmentsOf(data.content);
  const kept = [];
  for (let i = 0; i < segments.length; i++) {
    if (isFunction(segments[i], segments[i + 1])) i++;
    else kept.push(segments[i]);
  }
  data.content = Buffer.concat([Buffer.from(leb(kept.length)), ...kept.map(({ whole }) => whole)]);
  const count = sections.find(({ id }) => id === DATA_COUNT);
  if (count) count.content = Buffer.from(leb(kept.length));
  for (const { id, content } of sections) parts.push(Buffer.from([id, ...leb(content.length)]), content);
  return Buffer.concat(parts);
}
