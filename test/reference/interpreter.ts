// The meaning of the primitive graph: a plain interpreter in f64, one short function per op.
//
// Place: the oracle behind finite differences and core agreement (DESIGN.md, Oracles). It shares shapes and
// attributes with src/graph, and no arithmetic with the library.
// Invariant: slow and obvious. `round` is applied to the result of every floating-point operation: the identity
// gives the f64 answer, Math.fround shows how far a plain f32 implementation lands from it.

import type { Graph } from "../../src/graph/builder.ts";
import type { AnyNode, Node, OpName } from "../../src/graph/ops.ts";
import { type Binding, bindDim, bindShape } from "../../src/shape.ts";
import { definedRule } from "./defined.ts";
import { activationSlopes, binaryFunctions, type Round, unaryFunctions } from "./functions.ts";
import { philoxWords, type RandomState } from "./philox.ts";
import { at, broadcastAt, generate, mapTensor, type Tensor, tensor } from "./tensor.ts";

/** Numbers for inputs, parameters and state, by name. */
export type Feeds = Readonly<Record<string, ArrayLike<number>>>;

export interface InterpretOptions {
  readonly binding?: Binding;
  readonly round?: Round;
  readonly random?: RandomState;
}

export interface Context {
  readonly feeds: Feeds;
  readonly binding: Binding;
  readonly round: Round;
  readonly random: RandomState;
}

type Rule<K extends OpName> = (node: Node<K>, ins: readonly Tensor[], c: Context) => Tensor;

function feed(name: string, node: AnyNode, c: Context): Tensor {
  const data = c.feeds[name];
  if (!data) throw new Error(`no numbers were given for "${name}"`);
  return tensor(bindShape(node.shape, c.binding), data);
}

const shapeOf = (node: { shape: AnyNode["shape"] }, c: Context): number[] => bindShape(node.shape, c.binding);

/** The rows of x over its last axis. */
function rowsOf(x: Tensor): Float64Array[] {
  const columns = x.shape.at(-1)!;
  const rows = columns === 0 ? 0 : x.data.length / columns;
  return Array.from({ length: rows }, (_, i) => x.data.subarray(i * columns, (i + 1) * columns));
}

/** Applies f to each row of x, which may return a row of another length (a reduction gives one number). */
function mapRows(x: Tensor, shape: readonly number[], f: (row: Float64Array, r: number) => number[]): Tensor {
  return tensor(shape, rowsOf(x).flatMap(f));
}

function logSoftmaxRow(row: Float64Array, r: Round): number[] {
  const top = row.reduce((a, b) => Math.max(a, b), -Infinity);
  const shifted = Array.from(row, (v) => r(v - top));
  const sum = shifted.reduce((a, v) => r(a + r(Math.exp(v))), 0);
  return shifted.map((v) => r(v - r(Math.log(sum))));
}

function softmaxRow(row: Float64Array, r: Round): number[] {
  const top = row.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = Array.from(row, (v) => r(Math.exp(r(v - top))));
  const sum = powers.reduce((a, v) => r(a + v), 0);
  return powers.map((v) => r(v / sum));
}

function labelOf(labels: Tensor, row: number, classes: number): number {
  const label = labels.data[row]!;
  if (!(label >= 0 && label < classes)) throw new RangeError(`label ${label} of row ${row} is out of range`);
  return label;
}

const insideOf = (index: readonly number[], axis: number, start: number, length: number): boolean =>
  index[axis]! >= start && index[axis]! < start + length;

const shifted = (index: readonly number[], axis: number, by: number): number[] =>
  index.map((v, i) => (i === axis ? v + by : v));

const reducers: Record<string, (values: readonly number[], r: Round) => number> = {
  sum: (v, r) => v.reduce((a, b) => r(a + b), 0),
  mean: (v, r) => r(v.reduce((a, b) => r(a + b), 0) / v.length),
  max: (v) => v.reduce((a, b) => Math.max(a, b)),
  min: (v) => v.reduce((a, b) => Math.min(a, b)),
  sumSquares: (v, r) => v.reduce((a, b) => r(a + r(b * b)), 0),
  sumAbs: (v, r) => v.reduce((a, b) => r(a + Math.abs(b)), 0),
};

/** Report, guard, clipping, assignment and update act on a run, not on a value; here they are nothing. */
const effect = (): Tensor => tensor([]);

const rules = {
  input: (n, _, c) => feed(n.attrs.name, n as AnyNode, c),
  parameter: (n, _, c) => feed(n.attrs.name, n as AnyNode, c),
  state: (n, _, c) => feed(n.attrs.name, n as AnyNode, c),
  constant: (n) => tensor(n.attrs.shape, n.attrs.data),
  fill: (n, _, c) => generate(shapeOf(n, c), () => n.attrs.value),
  reshape: (n, [x], c) => tensor(shapeOf(n, c), x!.data),
  transpose: (n, [x], c) =>
    generate(shapeOf(n, c), (index) => {
      const source: number[] = [];
      n.attrs.permutation.forEach((axis, i) => {
        source[axis] = index[i]!;
      });
      return at(x!, source);
    }),
  expand: (n, [x], c) => generate(shapeOf(n, c), (index) => broadcastAt(x!, index)),
  slice: (n, [x], c) => {
    const { axis, start } = n.attrs;
    const from = start < 0 ? start + x!.shape[axis]! : start;
    return generate(shapeOf(n, c), (index) => at(x!, shifted(index, axis, from)));
  },
  embedSlice: (n, [x], c) => {
    const { axis, start } = n.attrs;
    const shape = shapeOf(n, c);
    const from = start < 0 ? start + shape[axis]! : start;
    return generate(shape, (index) =>
      insideOf(index, axis, from, x!.shape[axis]!) ? at(x!, shifted(index, axis, -from)) : 0,
    );
  },
  concat: (n, ins, c) =>
    generate(shapeOf(n, c), (index) => {
      let start = 0;
      for (const x of ins) {
        const length = x.shape[n.attrs.axis]!;
        if (insideOf(index, n.attrs.axis, start, length)) return at(x, shifted(index, n.attrs.axis, -start));
        start += length;
      }
      throw new Error("concat: index outside every part");
    }),
  cast: (n, [x]) => mapTensor(x!, (v) => (n.attrs.to === "f32" ? v : Math.trunc(v))),
  unary: (n, [x], c) => {
    const { fn, p, q, divisor, bessel } = n.attrs;
    const count = divisor === undefined ? 1 : bindDim(divisor, c.binding);
    const factor = bessel ? (count > 1 ? count / (count - 1) : 1) : 1 / count;
    return mapTensor(x!, (v) => {
      const y = unaryFunctions[fn](v, p, q, c.round);
      return factor === 1 ? y : c.round(y * factor);
    });
  },
  unaryGrad: (n, [saved, dy], c) => {
    const { fn, p, q } = n.attrs;
    return mapTensor(saved!, (v, i) => c.round(activationSlopes[fn](v, p, q, c.round) * dy!.data[i]!));
  },
  binary: (n, [a, b], c) =>
    generate(shapeOf(n, c), (index) =>
      binaryFunctions[n.attrs.fn](broadcastAt(a!, index), broadcastAt(b!, index), c.round),
    ),
  reduce: (n, [x], c) => {
    const { fn, from, to, keepDims } = n.attrs;
    const reduced = x!.shape.slice(from, to + 1);
    const size = reduced.reduce((a, b) => a * b, 1);
    const all = Array.from({ length: size });
    return generate(shapeOf(n, c), (index) => {
      const before = index.slice(0, from);
      const after = index.slice(keepDims ? to + 1 : from);
      const values = all.map((_, flat) => {
        const inner: number[] = [];
        let rest = flat;
        for (const d of [...reduced].reverse()) {
          inner.unshift(rest % d);
          rest = Math.floor(rest / d);
        }
        return at(x!, [...before, ...inner, ...after]);
      });
      return reducers[fn]!(values, c.round);
    });
  },
  matmul: (n, [a, b], c) => {
    const { transA, transB } = n.attrs;
    const k = a!.shape.at(transA ? -2 : -1)!;
    return generate(shapeOf(n, c), (index) => {
      const batch = index.slice(0, -2);
      const [row, column] = index.slice(-2) as [number, number];
      let sum = 0;
      for (let i = 0; i < k; i++) {
        const left = at(a!, [...batch, ...(transA ? [i, row] : [row, i])]);
        const right = at(b!, [
          ...(b!.shape.length === 2 ? [] : batch),
          ...(transB ? [column, i] : [i, column]),
        ]);
        sum = c.round(sum + c.round(left * right));
      }
      return sum;
    });
  },
  softmax: (n, [x], c) =>
    mapRows(x!, x!.shape, (row) => (n.attrs.log ? logSoftmaxRow : softmaxRow)(row, c.round)),
  softmaxGrad: (n, [y, dy], c) => {
    const r = c.round;
    const dRows = rowsOf(dy!);
    return mapRows(y!, y!.shape, (row, i) => {
      const d = dRows[i]!;
      if (n.attrs.log) {
        const sum = d.reduce((a, v) => r(a + v), 0);
        return Array.from(row, (v, j) => r(d[j]! - r(r(Math.exp(v)) * sum)));
      }
      const dot = d.reduce((a, v, j) => r(a + r(v * row[j]!)), 0);
      return Array.from(row, (v, j) => r(v * r(d[j]! - dot)));
    });
  },
  softmaxCrossEntropy: (_, [x, labels], c) =>
    mapRows(x!, labels!.shape, (row, i) => [-logSoftmaxRow(row, c.round)[labelOf(labels!, i, row.length)]!]),
  softmaxCrossEntropyGrad: (_, [x, labels, dRows], c) =>
    mapRows(x!, x!.shape, (row, i) => {
      const label = labelOf(labels!, i, row.length);
      const r = c.round;
      return softmaxRow(row, r).map((p, j) => r(r(p - (j === label ? 1 : 0)) * dRows!.data[i]!));
    }),
  argMax: (n, [x], c) =>
    mapRows(x!, shapeOf(n, c), (row) => [row.indexOf(row.reduce((a, b) => Math.max(a, b)))]),
  gatherRows: (n, [table, ids], c) => {
    const rows = rowsOf(table!);
    return tensor(
      shapeOf(n, c),
      Array.from(ids!.data).flatMap((_, i) => [...rows[labelOf(ids!, i, rows.length)]!]),
    );
  },
  scatterAddRows: (n, [dy, ids], c) => {
    const out = tensor(shapeOf(n, c));
    const target = rowsOf(out);
    rowsOf(dy!).forEach((row, i) => {
      const sum = target[labelOf(ids!, i, n.attrs.tableRows)]!;
      row.forEach((v, j) => {
        sum[j] = c.round(sum[j]! + v);
      });
    });
    return out;
  },
  dropout: (n, [x], c) => {
    const { rate, stream } = n.attrs;
    const words = philoxWords(x!.data.length, stream, c.random);
    const threshold = Math.floor(rate * 2 ** 32);
    const scale = c.round(1 / (1 - rate));
    return mapTensor(x!, (v, i) => (words[i]! < threshold ? 0 : c.round(v * scale)));
  },
  defined: (n, ins, c) => definedRule(n.attrs.definition.name)(n.attrs.attrs, ins, c, shapeOf(n, c)),
  report: effect,
  guard: effect,
  clipByNorm: effect,
  clipByValue: effect,
  every: effect,
  constrain: effect,
  assign: effect,
  update: effect,
} satisfies { readonly [K in OpName]: Rule<K> };

/** Ids of the nodes that the outputs depend on. */
function ancestors(graph: Graph, outputs: readonly AnyNode[]): Uint8Array {
  const needed = new Uint8Array(graph.nodes.length);
  for (const node of outputs) needed[node.id] = 1;
  for (let id = graph.nodes.length - 1; id >= 0; id--)
    if (needed[id]) for (const input of graph.nodes[id]!.inputs) needed[input] = 1;
  return needed;
}

/**
 * Values of `outputs`, computed from `feeds`. Only the nodes they depend on are evaluated.
 *
 * @returns tensors in the order of `outputs`
 */
export function interpret(
  graph: Graph,
  feeds: Feeds,
  outputs: readonly AnyNode[],
  options: InterpretOptions = {},
): Tensor[] {
  const context: Context = {
    feeds,
    binding: options.binding ?? { batch: 1, time: 1 },
    round: options.round ?? ((x) => x),
    random: options.random ?? { seed: [0, 0], step: [0, 0] },
  };
  const needed = ancestors(graph, outputs);
  const values: Tensor[] = [];
  for (const node of graph.nodes) {
    if (!needed[node.id]) continue;
    const rule = rules[node.op] as Rule<OpName>;
    values[node.id] = rule(
      node as Node<OpName>,
      node.inputs.map((i) => values[i]!),
      context,
    );
  }
  return outputs.map((node) => values[node.id]!);
}
