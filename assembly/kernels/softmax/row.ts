/**
 * What softmax and its losses need of one row: largest element, exponentials, their sum.
 * Place: below softmax and loss kernels. Invariant: the bits depend on the row alone, and elements beyond `columns`
 * are neither read nor written.
 */
import { Exponential } from "../../math/exponential";
import { Lanes } from "../../simd/lanes";

// Columns whose exponentials are summed in f32; blocks are added in f64.
const BLOCK: u32 = 1024;

// −∞ in the lanes from r on, at 16·r: a padding that the maximum ignores and whose exponential is 0
const PADDING = memory.data<u32>([
  0xff800000, 0xff800000, 0xff800000, 0xff800000, 0, 0xff800000, 0xff800000, 0xff800000, 0, 0, 0xff800000,
  0xff800000, 0, 0, 0, 0xff800000,
]);

class Padding {
  /** The first `rest` of x, then −∞. */
  @inline
  static load(x: usize, rest: u32): v128 {
    return v128.or(Lanes.loadTail(x, rest), v128.load(PADDING + ((<usize>rest) << 4)));
  }
}

// max over c of x[c]; a NaN is passed over: its exponential makes the sum NaN
export function rowMax(x: usize, columns: u32): f32 {
  let best = v128.load(PADDING);
  const end = x + ((<usize>columns & ~3) << 2);
  for (; x !== end; x += 16) best = f32x4.pmax(best, v128.load(x));
  if (columns & 3) best = f32x4.pmax(best, Padding.load(x, columns & 3));
  best = f32x4.pmax(best, i32x4.shuffle(best, best, 2, 3, 0, 1));
  best = f32x4.pmax(best, i32x4.shuffle(best, best, 1, 0, 3, 2));
  return f32x4.extract_lane(best, 0);
}

// out[c] = exp(x[c] − max), returns their sum; out may alias x; with out = 0 nothing is written
export function rowExp(out: usize, x: usize, columns: u32, max: f32): f64 {
  const shift = f32x4.splat(max);
  let total: f64 = 0;
  while (columns) {
    const n = min(columns, BLOCK);
    let sum = f32x4.splat(0);
    const end = x + ((<usize>n & ~3) << 2);
    for (; x !== end; x += 16) {
      const e = Exponential.expNegative(f32x4.sub(v128.load(x), shift));
      sum = f32x4.add(sum, e);
      if (out) {
        v128.store(out, e);
        out += 16;
      }
    }
    const rest = n & 3;
    if (rest) {
      const e = Exponential.expNegative(f32x4.sub(Padding.load(x, rest), shift));
      sum = f32x4.add(sum, e);
      if (out) Lanes.storeTail(out, e, rest);
    }
    total += <f64>Lanes.sum(sum);
    columns -= n;
  }
  return total;
}

// out[c] = x[c]·scale   out may alias x
export function rowScale(out: usize, x: usize, columns: u32, scale: f32): void {
  const s = f32x4.splat(scale);
  const end = out + ((<usize>columns & ~3) << 2);
  for (; out !== end; out += 16, x += 16) v128.store(out, f32x4.mul(v128.load(x), s));
  if (columns & 3) Lanes.storeTail(out, f32x4.mul(Lanes.loadTail(x, columns & 3), s), columns & 3);
}
