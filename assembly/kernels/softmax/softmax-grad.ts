/**
 * The gradients of softmax and log-softmax by rows. Place: a kernel of the tape.
 * Invariant: a row's bits do not depend on the other rows.
 */
import { SoftmaxGradField, Status } from "../../../src/abi";
import { Exponential } from "../../math/exponential";
import { Lanes } from "../../simd/lanes";
import { Record } from "../../tape/record";

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
