// Joins neighbouring records of a small network: a dense layer, its gradients, a squared error, two guards.
//
// Place: the last look at a tape before it is run. With few numbers a record's own cost, about 10 ns, is most of a step.
// Invariant: a joined record leaves in memory what its records would have left there (but for the scratch of products), so
// nothing need be known of who reads it; which records are joined depends on their fields alone.

import {
  BinaryField,
  BinaryFn,
  GemmField,
  GuardField,
  Header,
  Op,
  ReduceField,
  ReduceFn,
  UnaryField,
  UnaryFn,
  UnaryGradField,
} from "../abi.ts";
import type { Tape } from "./encode.ts";
import { isOp, isProduct, recordsOf, sizesOf, type Words } from "./read-records.ts";
import { TapeWriter } from "./writer.ts";

/** Weights of a layer, and multiply-adds of a product, up to which the loops of the joined records are faster. */
const MOST_WEIGHTS = 512;
const MOST_WORK = 8192;
/** Of the longest join, that of the squared error. */
const MOST_RECORDS = 8;

interface Joined {
  /** How many records it stands for. */
  readonly records: number;
  readonly op: Op;
  readonly fields: readonly number[];
}

/** Whether a record is a unary function, `fn` if given, of n elements at a. */
const isUnary = (r: Words, a: number | undefined, n: number, fn?: UnaryFn): r is Uint32Array =>
  isOp(r, Op.Unary) &&
  r[UnaryField.A] === a &&
  r[UnaryField.N] === n &&
  (fn === undefined || r[UnaryField.Fn] === fn);

/** Whether a record is out = f(a, b) over n elements in a row, the same of out and, but where `one` says so, of a and of b. */
function isBinary(r: Words, fn: BinaryFn, n: number, one = false): r is Uint32Array {
  if (!isOp(r, Op.Binary) || r[BinaryField.Fn] !== fn || r[BinaryField.D4] !== n) return false;
  const rows = [BinaryField.D0, BinaryField.D1, BinaryField.D2, BinaryField.D3];
  if (rows.some((field) => r[field] !== 1)) return false;
  return n === 1 || (r[BinaryField.AStride4] === (one ? 0 : 1) && r[BinaryField.BStride4] === 1);
}

/** Whether a record is z += b[n] for each of the rows of z [m, n], and b is not z itself. */
function isBias(r: Words, z: number, m: number, n: number): r is Uint32Array {
  if (!isOp(r, Op.Binary) || r[BinaryField.Fn] !== BinaryFn.Add) return false;
  if (r[BinaryField.Out] !== z || r[BinaryField.A] !== z || r[BinaryField.B] === z) return false;
  const [rows, columns] = [r[BinaryField.D3]!, r[BinaryField.D4]!];
  if (r[BinaryField.D2] !== 1 || rows * columns !== m * n) return false;
  // Of one column the rows have become the columns.
  if (n === 1) return columns === 1 || (rows === 1 && r[BinaryField.BStride4] === 0);
  if (columns !== n || r[BinaryField.AStride4] !== 1 || r[BinaryField.BStride4] !== 1) return false;
  return rows === 1 || (r[BinaryField.AStride3] === n && r[BinaryField.BStride3] === 0);
}

const isOfSizes = (r: Uint32Array, m: number, n: number, k: number): boolean =>
  r[GemmField.M] === m && r[GemmField.N] === n && r[GemmField.K] === k;

const isSmall = (m: number, n: number, k: number): boolean => n * k <= MOST_WEIGHTS && m * n * k <= MOST_WORK;

/** x·w, the bias, a function: the last two or one of them. */
function denseForward([product, second, third]: readonly Words[]): Joined | undefined {
  if (!isProduct(product, 0, 0)) return undefined;
  const { m, n, k } = sizesOf(product);
  const z = product[GemmField.C]!;
  const bias = isBias(second, z, m, n) ? second : undefined;
  const next = bias ? third : second;
  const unary = isUnary(next, z, m * n) ? next : undefined;
  if (!isSmall(m, n, k) || !(bias ?? unary)) return undefined;
  return {
    records: 1 + (bias ? 1 : 0) + (unary ? 1 : 0),
    op: Op.DenseForward,
    fields: [
      ...[z, product[GemmField.A]!, product[GemmField.B]!, bias?.[BinaryField.B] ?? 0, m, n, k],
      ...[UnaryField.Out, UnaryField.Fn, UnaryField.P, UnaryField.Q].map((field) => unary?.[field] ?? 0),
    ],
  };
}

/** The gradient of the function, of the bias, of x, of w: the last and at least one other. */
function denseBackward(records: readonly Words[]): Joined | undefined {
  let at = 0;
  const first = records[0];
  const unary = isOp(first, Op.UnaryGrad) ? first : undefined;
  if (unary) at++;
  const sum = isOp(records[at], Op.Reduce) ? records[at] : undefined;
  if (sum) at++;
  const toX = isProduct(records[at], 0, 1) ? records[at] : undefined;
  if (toX) at++;
  const toW = records[at];
  if (at === 0 || !isProduct(toW, 1, 0)) return undefined;
  const { m: k, n, k: m } = sizesOf(toW);
  const dz = toW[GemmField.B]!;
  const elements = m * n;
  const fits =
    isSmall(m, n, k) &&
    (!unary || (unary[UnaryGradField.Out] === dz && unary[UnaryGradField.N] === elements)) &&
    (!sum || isSum(sum, ReduceFn.Sum, dz, m, n)) &&
    (!toX || (toX[GemmField.A] === dz && isOfSizes(toX, m, k, n)));
  if (!fits) return undefined;
  const { A, Dy, Fn, P, Q } = UnaryGradField;
  return {
    records: at + 1,
    op: Op.DenseBackward,
    fields: [
      ...[dz, ...[A, Dy, Fn, P, Q].map((field) => unary?.[field] ?? 0), sum?.[ReduceField.Out] ?? 0],
      ...[toX?.[GemmField.C] ?? 0, toW[GemmField.C]!, toW[GemmField.A]!, toX?.[GemmField.B] ?? 0],
      ...[m, n, k],
    ],
  };
}

const isSum = (r: Words, fn: ReduceFn, a: number, length: number, inner: number): r is Uint32Array =>
  isOp(r, Op.Reduce) &&
  r[ReduceField.Fn] === fn &&
  r[ReduceField.A] === a &&
  r[ReduceField.Outer] === 1 &&
  r[ReduceField.Length] === length &&
  r[ReduceField.Inner] === inner;

/** The squared error of one output, weighted, its mean, and the gradient with respect to it. */
function squaredError(records: readonly Words[]): Joined | undefined {
  const [sub, square, weigh, mean, ofOne, share, times, twice] = records;
  const n = sub?.[BinaryField.D4] ?? 0;
  if (!isBinary(sub, BinaryFn.Sub, n)) return undefined;
  const d = sub[BinaryField.Out]!;
  if (!isUnary(square, d, n, UnaryFn.Square)) return undefined;
  const terms = square[UnaryField.Out]!;
  if (!isBinary(weigh, BinaryFn.Mul, n) || weigh[BinaryField.A] !== terms) return undefined;
  if (weigh[BinaryField.Out] !== terms || !isSum(mean, ReduceFn.Mean, terms, n, 1)) return undefined;
  const weights = weigh[BinaryField.B]!;
  if (weights === terms) return undefined;
  if (!isUnary(ofOne, ofOne?.[UnaryField.A], 1, UnaryFn.Affine) || ofOne[UnaryField.Q] !== 0)
    return undefined;
  const cell = ofOne[UnaryField.Out]!;
  if (!isBinary(share, BinaryFn.Mul, n, true) || share[BinaryField.A] !== cell) return undefined;
  const each = share[BinaryField.Out]!;
  if (share[BinaryField.B] !== weights || !isBinary(times, BinaryFn.Mul, n)) return undefined;
  if (times[BinaryField.Out] !== d || times[BinaryField.A] !== d || times[BinaryField.B] !== each)
    return undefined;
  if (!isUnary(twice, d, n, UnaryFn.Affine) || twice[UnaryField.Out] !== d || twice[UnaryField.Q] !== 0)
    return undefined;
  return {
    records: MOST_RECORDS,
    op: Op.SquaredError,
    fields: [
      ...[d, sub[BinaryField.A]!, sub[BinaryField.B]!, weights, n, terms, mean[ReduceField.Out]!],
      ...[ofOne[UnaryField.A]!, cell, each, ofOne[UnaryField.P]!, twice[UnaryField.P]!],
    ],
  };
}

/** What a guard checks, and whether that can wait for the next: only reports stand between, and nobody reads those of a step that fails. */
function guardsFrom(records: readonly Uint32Array[], at: number): { pairs: number[]; goesOn: boolean } {
  let next = at + 1;
  while (isOp(records[next], Op.Report)) next++;
  return { pairs: [...records[at]!.subarray(GuardField.First)], goesOn: isOp(records[next], Op.Guard) };
}

/** The tape with joined records, or nothing if there is nothing that the pack of small networks would do. */
export function joinRecords(tape: Tape): Tape | undefined {
  const writer = new TapeWriter();
  const records = recordsOf(tape);
  let any = false;
  let guarded: number[] = [];
  for (let i = 0; i < records.length; ) {
    const own = records[i]!;
    writer.node = tape.source[i]!.node;
    const ahead = records.slice(i, i + MOST_RECORDS);
    const joined = denseForward(ahead) ?? denseBackward(ahead) ?? squaredError(ahead);
    if (joined) {
      writer.record(joined.op, joined.fields);
      i += joined.records;
      any = true;
      continue;
    }
    if (own[Header.Op] === Op.Guard) {
      const { pairs, goesOn } = guardsFrom(records, i);
      guarded.push(...pairs);
      if (!goesOn) {
        writer.record(Op.Guard, [guarded.length / 2, ...guarded]);
        guarded = [];
      }
    } else writer.record(own[Header.Op]!, [...own.subarray(Header.Bytes + 1)]);
    i++;
  }
  return any ? { words: Uint32Array.from(writer.words), source: writer.source } : undefined;
}
