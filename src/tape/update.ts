// Records that change weights: an optimizer's own kernel, or element-wise records over whole blocks; clipping.
//
// Place: used by tape/encode.ts. Invariant: no kernel knows an element-wise rule; a scalar of the step reaches a record through
// a cell, into which the SGD record moves it from the table of rates: cell = 0 − rate·(−1).

import { Op, ReduceFn, UnaryFn } from "../abi.ts";
import { f32Bits, f64Bits } from "../graph/float-bits.ts";
import type { BinaryName, Instruction, OpAttrs, UnaryName, UpdateRule } from "../graph/ops.ts";
import type { Layout, Region, Run } from "../plan/layout.ts";
import { BINARY_CODES, UNARY_CODES } from "./codes.ts";

type Emit = (op: Op, ...fields: number[]) => void;

/** Added and taken away, it turns what is below 2⁻¹²⁵ into 0, so that no state is denormal. */
const FLUSH = 2 ** -100;
const CELL_BYTES = 16;

function binary(
  emit: Emit,
  fn: BinaryName,
  out: number,
  a: number,
  b: number,
  n: number,
  wide: boolean,
  rows = 1,
): void {
  const strides = wide ? [0, 0, 0, 0, 1] : [0, 0, 0, 0, 0];
  emit(
    Op.Binary,
    out,
    a,
    b,
    BINARY_CODES[fn],
    1,
    1,
    1,
    rows,
    n,
    ...[0, 0, 0, rows > 1 ? n : 0, 1],
    ...strides,
  );
}

const unary = (emit: Emit, fn: UnaryFn, out: number, a: number, n: number, p: number, q: number): void =>
  emit(Op.Unary, out, a, n, fn, f32Bits(p), f32Bits(q));

/** Moves the scalars of this step from the table of rates into cells. */
function loadScalars(emit: Emit, cells: number, count: number, column: number): void {
  if (count === 0) return;
  const minusOne = cells + count * CELL_BYTES;
  emit(Op.Fill, minusOne, 1, f32Bits(-1));
  for (let i = 0; i < count; i++) {
    const cell = cells + i * CELL_BYTES;
    emit(Op.Fill, cell, 1, 0);
    emit(Op.Sgd, cell, minusOne, 0, 1, column + 1 + i, 0, 0, 0);
  }
}

type KernelRule = Exclude<UpdateRule, { kind: "elementwise" }>;

/** The record of one run of parameters; the first of a step advances the powers. */
function kernelRecord(rule: KernelRule, column: number, run: Run, powers: number, first: boolean): number[] {
  const [one = 0, two = 0] = run.slots;
  const tensors = [run.weights, run.gradients];
  if (rule.kind === "sgd") {
    const velocity = rule.momentum ? one : 0;
    const numbers = [f32Bits(rule.momentum), rule.nesterov ? 1 : 0, f32Bits(rule.weightDecay)];
    return [...tensors, velocity, run.elements, column, ...numbers];
  }
  const betas = [...f64Bits(rule.beta1), ...f64Bits(rule.beta2)];
  const numbers = [f32Bits(rule.epsilon), f32Bits(rule.weightDecay), rule.decoupled ? 1 : 0];
  return [...tensors, one, two, run.elements, column, ...betas, ...numbers, powers, first ? 1 : 0];
}

/** The update of every run of a group of parameters. */
export function emitUpdate(
  emit: Emit,
  { rule, group, column = 0, later }: Omit<OpAttrs["update"], "fused">,
  { runs: all, cells, powers }: Layout,
): void {
  const runs = group < 0 ? all : all.filter((run) => run.group === group);
  if (rule.kind !== "elementwise") {
    const op = rule.kind === "sgd" ? Op.Sgd : Op.Adam;
    runs.forEach((run, i) => {
      emit(op, ...kernelRecord(rule, column, run, powers.address, i === 0 && !later));
    });
    return;
  }
  loadScalars(emit, cells.address, rule.scalars.length, column);
  for (const run of runs)
    for (const instruction of rule.program)
      emitInstruction(emit, instruction, rule.slots, run, cells.address);
}

function emitInstruction(emit: Emit, instruction: Instruction, slots: number, run: Run, cells: number): void {
  const n = run.elements;
  const at = (operand: string): number => {
    if (operand === "w") return run.weights;
    if (operand === "g") return run.gradients;
    const index = Number(operand.slice(1));
    return operand[0] === "c"
      ? cells + index * CELL_BYTES
      : run.slots[operand[0] === "t" ? slots + index : index]!;
  };
  const [fn, target] = instruction;
  const out = at(target);
  if (fn === "flush") {
    unary(emit, UnaryFn.Affine, out, out, n, 1, FLUSH);
    unary(emit, UnaryFn.Affine, out, out, n, 1, -FLUSH);
  } else if (instruction.length === 4) {
    const [, , a, b] = instruction;
    binary(emit, fn as BinaryName, out, at(a), at(b), n, !b.startsWith("c"));
  } else {
    const [, , a, p, q] = instruction as [UnaryName, string, string, number, number];
    unary(emit, UNARY_CODES[fn as UnaryName], out, at(a), n, p, q);
  }
}

/** n norms become the factors min(1, limit / (norm + 1e-6)). */
function scaleWithin(emit: Emit, norms: number, n: number, limit: number): void {
  unary(emit, UnaryFn.Affine, norms, norms, n, 1 / limit, 1e-6 / limit);
  unary(emit, UnaryFn.Reciprocal, norms, norms, n, 0, 0);
  unary(emit, UnaryFn.Clamp, norms, norms, n, 0, 1);
}

/** All gradients times min(1, limit / (norm + 1e-6)), for the 1-norm and the largest absolute value. */
export function emitClip(emit: Emit, gradients: Region, cells: Region, limit: number, norm: 1 | "max"): void {
  const { address } = gradients;
  const n = gradients.bytes / 4;
  const cell = cells.address;
  if (norm === 1) emit(Op.Reduce, cell, address, ReduceFn.SumAbs, 1, n, 1);
  else {
    const low = cell + CELL_BYTES;
    emit(Op.Reduce, cell, address, ReduceFn.Max, 1, n, 1);
    emit(Op.Reduce, low, address, ReduceFn.Min, 1, n, 1);
    unary(emit, UnaryFn.Affine, low, low, 1, -1, 0);
    binary(emit, "max", cell, cell, low, 1, true);
  }
  scaleWithin(emit, cell, 1, limit);
  binary(emit, "mul", address, address, cell, n, false);
}

/**
 * Scales each column of w [rows, columns] by min(1, limit / (norm + 1e-6)).
 * @param free memory for `columns` numbers: the gradient of w, which the update has used
 */
export function emitMaxNorm(
  emit: Emit,
  w: number,
  free: number,
  rows: number,
  columns: number,
  limit: number,
): void {
  emit(Op.Reduce, free, w, ReduceFn.ColumnSquares, 1, rows, columns);
  unary(emit, UnaryFn.Sqrt, free, free, columns, 0, 0);
  scaleWithin(emit, free, columns, limit);
  binary(emit, "mul", w, w, free, columns, true, rows);
}
