/**
 * The rarer reductions: extremes, and sums of squares and sizes of any shape. Place: listed by tape/general-kernels.ts.
 * Invariant: one call reduces the middle axis of a [length, inner] block; rows are those of reduce.ts.
 */
import { ReduceFn, Slot } from "../../../src/abi";
import { Lanes } from "../../simd/lanes";
import { KERNELS } from "../../tape/kernel-table";
import { runTerms } from "./norms";
import { Sum } from "./sum";

// One function for both saves a kilobyte.
function columnTerms(out: usize, a: usize, length: u32, inner: u32, squares: bool): void {
  if (inner === 1) runTerms(out, a, length, squares);
  else Sum.columns(false, i32x4.splat(squares ? -1 : 0), out, a, length, inner, 1);
}

function columnSquares(out: usize, a: usize, length: u32, inner: u32): void {
  columnTerms(out, a, length, inner, true);
}

function columnAbs(out: usize, a: usize, length: u32, inner: u32): void {
  columnTerms(out, a, length, inner, false);
}

function maximum(out: usize, a: usize, length: u32, inner: u32): void {
  Extreme.columns(true, out, a, length, inner);
}

function minimum(out: usize, a: usize, length: u32, inner: u32): void {
  Extreme.columns(false, out, a, length, inner);
}

class Extreme {
  @inline
  static pick(largest: bool, x: v128, y: v128): v128 {
    return largest ? f32x4.max(x, y) : f32x4.min(x, y);
  }

  /** NaN if any element is NaN. Length 0 gives −∞ or ∞. */
  @inline
  static columns(largest: bool, out: usize, a: usize, length: u32, inner: u32): void {
    const rowBytes = (<usize>inner) << 2;
    const start = f32x4.splat(largest ? -Infinity : Infinity);
    let left = inner;
    while (left) {
      const whole = left >= 4;
      let best = start;
      let row = a;
      let l = length;
      if (whole) for (; l; --l, row += rowBytes) best = Extreme.pick(largest, best, v128.load(row));
      else {
        if (inner === 1) for (; l >= 4; l -= 4, row += 16) best = Extreme.pick(largest, best, v128.load(row));
        for (; l; --l, row += rowBytes) best = Extreme.pick(largest, best, v128.load32_splat(row));
      }
      if (whole) v128.store(out, best);
      else if (inner !== 1) v128.store32_lane(out, best, 0);
      else store<f32>(out, largest ? Lanes.max(best) : Lanes.min(best));
      const columns: u32 = whole ? 4 : 1;
      left -= columns;
      out += (<usize>columns) << 2;
      a += (<usize>columns) << 2;
    }
  }
}

store<u32>(KERNELS, maximum.index, (Slot.Reduce + ReduceFn.Max) << 2);
store<u32>(KERNELS, minimum.index, (Slot.Reduce + ReduceFn.Min) << 2);
store<u32>(KERNELS, columnSquares.index, (Slot.Reduce + ReduceFn.ColumnSquares) << 2);
store<u32>(KERNELS, columnAbs.index, (Slot.Reduce + ReduceFn.ColumnAbs) << 2);
