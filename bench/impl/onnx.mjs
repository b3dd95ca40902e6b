// Writes ONNX models: the few messages of the format that a graph of tensors and nodes needs.
//
// Place: beside ort-web.mjs. Invariant: field numbers are those of onnx.proto, IR version 8, opset 17.

const FLOAT = 1;
const INT64 = 7;

function varint(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  bytes.push(value);
  return bytes;
}

const encoder = new TextEncoder();
const number = (field, value) => Buffer.from([...varint(field * 8), ...varint(value)]);
const bytes = (field, content) =>
  Buffer.concat([Buffer.from([...varint(field * 8 + 2), ...varint(content.length)]), content]);
const text = (field, value) => bytes(field, encoder.encode(value));
const float = (field, value) => {
  const out = Buffer.alloc(5);
  out[0] = field * 8 + 5;
  out.writeFloatLE(value, 1);
  return out;
};

/** A constant: shape and Float32Array or, for axes and shapes, a list of integers. */
export function constant(name, shape, values) {
  const isFloat = values instanceof Float32Array;
  const raw = isFloat
    ? Buffer.from(values.buffer, values.byteOffset, values.byteLength)
    : Buffer.from(BigInt64Array.from(values, BigInt).buffer);
  return Buffer.concat([
    ...shape.map((d) => number(1, d)),
    number(2, isFloat ? FLOAT : INT64),
    text(8, name),
    bytes(9, raw),
  ]);
}

/** Floats end in a decimal attribute type of their own: give { float: 1.5 }; integers and lists stand as they are. */
function attribute(name, value) {
  const parts = [text(1, name)];
  if (typeof value === "object" && "float" in value) parts.push(float(2, value.float), number(20, 1));
  else if (Array.isArray(value)) parts.push(...value.map((v) => number(8, v)), number(20, 7));
  else parts.push(number(3, value), number(20, 2));
  return Buffer.concat(parts);
}

export function node(op, inputs, outputs, attributes = {}) {
  return Buffer.concat([
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, op),
    ...Object.entries(attributes).map(([name, value]) => bytes(5, attribute(name, value))),
  ]);
}

function valueInfo([name, shape]) {
  const dims = shape.map((d) => bytes(1, number(1, d)));
  const tensor = Buffer.concat([number(1, FLOAT), bytes(2, Buffer.concat(dims))]);
  return Buffer.concat([text(1, name), bytes(2, bytes(1, tensor))]);
}

/** The model's bytes. Inputs and outputs are [name, shape] pairs of f32 tensors. */
export function model({ nodes, constants, inputs, outputs }) {
  const graph = Buffer.concat([
    ...nodes.map((content) => bytes(1, content)),
    text(2, "bench"),
    ...constants.map((content) => bytes(5, content)),
    ...inputs.map((input) => bytes(11, valueInfo(input))),
    ...outputs.map((output) => bytes(12, valueInfo(output))),
  ]);
  return Buffer.concat([
    number(1, 8),
    bytes(7, graph),
    bytes(8, Buffer.concat([text(1, ""), number(2, 17)])),
  ]);
}
