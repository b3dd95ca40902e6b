/**
 * Softmax, log-softmax and their gradients by rows. Place: kernels of the tape.
 * Invariant: a row's bits do not depend on the other rows.
 */
import { SoftmaxField, SoftmaxGradField, Status } from "../../../src/abi";
import { Exponential, Logarithm } from "../../math/exponential";
import { Lanes } from "../../simd/lanes";
import { Record } from "../../tape/record";
import { rowExp, rowMax, rowScale } from "./row";

/** ln of one number. */
export function logScalar(x: f32): f32 {
  return f32x4.extract_lane(Logarithm.log(f32x4.splat(x)), 0);
}

// softmax: y[r, c] = exp(x[r, c] − max) / Σ, or its logarithm   y, x: [Rows, Columns]; y may alias x; overwrites y
export function softmax(pc: usize): u32 {
  let y = Record.ptr(pc, SoftmaxField.Out);
  let x = Record.ptr(pc, SoftmaxField.A);
  const columns = Record.u32(pc, SoftmaxField.Columns);
  const rowBytes = (<usize>columns) << 2;
  const log = Record.u32(pc, SoftmaxField.Log) !== 0;
  for (let rows = Record.u32(pc, SoftmaxField.Rows); rows; --rows, y += rowBytes, x += rowBytes) {
    const max = rowMax(x, columns);
    if (log) {
      rowSubtract(y, x, columns, max, logScalar(<f32>rowExp(0, x, columns, max)));
    } else {
      const sum = rowExp(y, x, columns, max);
      rowScale(y, y, columns, <f32>(1 / sum));
    }
  }
  return Status.Ok;
}

// y[c] = (x[c] − max) − log
function rowSubtract(y: usize, x: usize, columns: u32, max: f32, log: f32): void {
  const m = f32x4.splat(max);
  const l = f32x4.splat(log);
  const end = y + ((<usize>columns & ~3) << 2);
  for (; y !== end; y += 16, x += 16) v128.store(y, f32x4.sub(f32x4.sub(v128.load(x), m), l));
  const rest = columns & 3;
  if (rest) Lanes.storeTail(y, f32x4.sub(f32x4.sub(Lanes.loadTail(x, rest), m), l), rest);
}

// softmaxGrad: dx = y(dy − Σ y·dy), of the logarithm dx = dy − eʸ·Σ dy   all [Rows, Columns]; dx may alias dy
export function softmaxGrad(pc: usize): u32 {
  let dx = Record.ptr(pc, SoftmaxGradField.Out);
  let y = Record.ptr(pc, SoftmaxGradField.Y);
  let dy = Record.ptr(pc, SoftmaxGradField.Dy);
  const columns = Record.u32(pc, SoftmaxGradField.Columns);
  const rowBytes = (<usize>columns) << 2;
  const log = Record.u32(pc, SoftmaxGradField.Log) !== 0;
  for (let rows = Record.u32(pc, SoftmaxGradField.Rows); rows; --rows) {
    if (log) Gradient.row(true, dx, y, dy, columns);
    else Gradient.row(false, dx, y, dy, columns);
    dx += rowBytes;
    y += rowBytes;
    dy += rowBytes;
  }
  return Status.Ok;
}

const BLOCK: u32 = 1024;

class Gradient {
  @inline
  static row(log: bool, dx: usize, y: usize, dy: usize, columns: u32): void {
    const sum = f32x4.splat(<f32>Gradient.sum(log, y, dy, columns));
    const end = dx + ((<usize>columns & ~3) << 2);
    for (; dx !== end; dx += 16, y += 16, dy += 16) {
      v128.store(dx, Gradient.apply(log, v128.load(y), v128.load(dy), sum));
    }
    const rest = columns & 3;
    if (rest)
      Lanes.storeTail(dx, Gradient.apply(log, Lanes.loadTail(y, rest), Lanes.loadTail(dy, rest), sum), rest);
  }

  @inline
  static sum(log: bool, y: usize, dy: usize, columns: u32): f64 {
    let total: f64 = 0;
    while (columns) {
      const n = min(columns, BLOCK);
      let s = f32x4.splat(0);
      const end = y + ((<usize>n & ~3) << 2);
      for (; y !== end; y += 16, dy += 16) s = f32x4.add(s, Gradient.term(log, v128.load(y), v128.load(dy)));
      const rest = n & 3;
      if (rest) s = f32x4.add(s, Gradient.term(log, Lanes.loadTail(y, rest), Lanes.loadTail(dy, rest)));
      total += <f64>Lanes.sum(s);
      columns -= n;
    }
    return total;
  }

  @inline
  static term(log: bool, y: v128, dy: v128): v128 {
    return log ? dy : f32x4.mul(y, dy);
  }

  @inline
  static apply(log: bool, y: v128, dy: v128, sum: v128): v128 {
    return log ? f32x4.sub(dy, f32x4.mul(Exponential.expNegative(y), sum)) : f32x4.mul(y, f32x4.sub(dy, sum));
  }
}
