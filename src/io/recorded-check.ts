// Checks the recorded ops of a checkpoint: a file names ops and functions of fixed tables and holds no code.
//
// Place: reading a checkpoint. Invariant: whatever passes is a well-formed graph of known shapes; replaying it appends
// nothing but these ops.

import { EdgegradError, FormatError } from "../errors.ts";
import { GraphBuilder } from "../graph/builder.ts";
import { RECORDED, type RecordedGraph, type RecordedNode, replay } from "../graph/recorded.ts";
import { type Dim, product, type Shape, sameShape } from "../shape.ts";
import { BINARY_CODES, REDUCE_CODES, UNARY_CODES } from "../tape/codes.ts";

const MAX_NODES = 10_000;
const DTYPES = ["f32", "i32"];

function refuse(what: string): never {
  throw new FormatError("checkpoint/recorded", `the checkpoint's loss or metric is malformed: ${what}`);
}

const isCount = (v: unknown): v is number =>
  Number.isInteger(v) && (v as number) >= 0 && (v as number) < 2 ** 31;

const isDim = (v: unknown): v is Dim => {
  if (isCount(v)) return true;
  const d = v as { factor?: unknown; batch?: unknown; time?: unknown } | null;
  return typeof d === "object" && d !== null && isCount(d.factor) && isCount(d.batch) && isCount(d.time);
};

export const isShape = (v: unknown): v is Shape => Array.isArray(v) && v.length <= 8 && v.every(isDim);
const isNumber = (v: unknown): boolean => typeof v === "number" && Number.isFinite(v);
const isFlag = (v: unknown): boolean => v === undefined || typeof v === "boolean";
const named = (table: object, v: unknown): boolean => typeof v === "string" && Object.hasOwn(table, v);

/** One row per attribute name. */
const ATTRIBUTES: Readonly<Record<string, (value: unknown, op: string) => boolean>> = {
  shape: isShape,
  data: (v) => Array.isArray(v) && v.every(isNumber),
  value: isNumber,
  permutation: (v) => Array.isArray(v) && [...v].sort().every((d, i) => d === i),
  axis: isCount,
  start: (v) => Number.isInteger(v),
  length: isDim,
  to: (v, op) => (op === "cast" ? DTYPES.includes(v as string) : isCount(v)),
  from: isCount,
  fn: (v, op) => named(op === "unary" ? UNARY_CODES : op === "binary" ? BINARY_CODES : REDUCE_CODES, v),
  p: isNumber,
  q: isNumber,
  keepDims: isFlag,
  transA: isFlag,
  transB: isFlag,
  log: isFlag,
  divisor: isDim,
  bessel: isFlag,
  open: isFlag,
};
const OPTIONAL = ["divisor", "bessel", "open"];

function checkNode(raw: RecordedNode, id: number): void {
  const { op, inputs, attrs } = raw ?? {};
  if (!named(RECORDED, op)) refuse(`the op "${String(op)}"`);
  if (!Array.isArray(inputs) || !inputs.every((i) => isCount(i) && i < id)) refuse(`inputs of ${op}`);
  if (typeof attrs !== "object" || attrs === null) refuse(`${op} without attributes`);
  const wanted: readonly string[] = RECORDED[op];
  for (const key of wanted) if (!Object.hasOwn(attrs, key)) refuse(`${op} without ${key}`);
  for (const [key, value] of Object.entries(attrs)) {
    const known = wanted.includes(key) || (op === "unary" && OPTIONAL.includes(key));
    if (!known || !ATTRIBUTES[key]!(value, op)) refuse(`${op} with ${key} = ${JSON.stringify(value)}`);
  }
}

/** What the kernels rely on beyond what shape inference checks. */
function checkBounds(b: GraphBuilder): void {
  for (const node of b.nodes) {
    const x = node.inputs.length > 0 ? b.at(node.inputs[0]!) : undefined;
    const inside = (axis: number) => axis < x!.shape.length;
    if (node.op === "constant" && product(node.attrs.shape) !== node.attrs.data.length) refuse("a constant");
    if (node.op === "transpose" && node.attrs.permutation.length !== x!.shape.length) refuse("a transpose");
    if (node.op === "reduce" && !(node.attrs.from <= node.attrs.to && inside(node.attrs.to)))
      refuse("a reduction");
    if (node.op === "concat" && !inside(node.attrs.axis)) refuse("a concat");
    if (node.op === "slice") {
      const { axis, start, length } = node.attrs;
      const whole = x!.shape[axis];
      const fits =
        typeof whole === "number" && typeof length === "number" && length > 0
          ? start >= -whole && (start < 0 ? start + whole : start) + length <= whole
          : length === 1 && start >= -1 && start <= 0;
      if (!inside(axis) || !fits) refuse("a slice");
    }
  }
}

/**
 * @param shapes of its results, of which the later ones may be absent
 * @throws FormatError
 */
export function checkRecorded(
  raw: unknown,
  inputs: RecordedGraph["inputs"],
  shapes: readonly Shape[],
): RecordedGraph {
  const { nodes, results } = (raw ?? {}) as Partial<RecordedGraph>;
  if (!Array.isArray(nodes) || nodes.length > MAX_NODES || !Array.isArray(results)) refuse("no list of ops");
  const graph: RecordedGraph = { inputs, nodes, results };
  nodes.forEach((node, i) => {
    checkNode(node, inputs.length + i);
  });
  if (!results.every((i) => isCount(i) && i < inputs.length + nodes.length)) refuse("its results");
  const b = new GraphBuilder();
  try {
    const given = inputs.map(({ shape, dtype }, i) =>
      b.add("input", [], { name: String(i), role: "x", shape, dtype }),
    );
    const values = replay(b, graph, given);
    if (values.length < 1 || values.length > shapes.length) refuse("its results");
    values.forEach((value, i) => {
      if (!sameShape(value.shape, shapes[i]!) || value.dtype !== "f32") refuse("the shape of a result");
    });
    checkBounds(b);
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    const why = cause instanceof EdgegradError ? cause.message : "an op does not fit its inputs";
    throw new FormatError(
      "checkpoint/recorded",
      `the checkpoint's loss cannot be used: ${why}`,
      {},
      { cause },
    );
  }
  return graph;
}
