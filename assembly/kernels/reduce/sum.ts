/**
 * Sums of runs and of columns.
 * Place: below the reductions. Long sums run in f32 over blocks whose results are added in f64, so that their error does
 * not grow with the length.
 * Invariant: the order of the sum depends on (length, inner) alone; a row's bits do not depend on the rows around it.
 */
import { Lanes } from "../../simd/lanes";

// Elements of a contiguous run that are summed in f32.
const BLOCK: u32 = 1024;
/** Rows of a column that are summed in f32. */
export const ROWS: u32 = 256;

export class Sum {
  /** What is added: x itself, or its square where the mask is set and its size where it is not. */
  @inline
  static term(plain: bool, squares: v128, x: v128): v128 {
    return plain ? x : v128.bitselect(f32x4.mul(x, x), f32x4.abs(x), squares);
  }

  /** Sum of a contiguous run. */
  @inline
  static run(plain: bool, squares: v128, a: usize, length: u32): f64 {
    let total: f64 = 0;
    while (length) {
      const n = min(length, BLOCK);
      let s0 = f32x4.splat(0);
      let s1 = s0;
      let s2 = s0;
      let s3 = s0;
      const end16 = a + ((<usize>n & ~15) << 2);
      for (; a !== end16; a += 64) {
        s0 = f32x4.add(s0, Sum.term(plain, squares, v128.load(a)));
        s1 = f32x4.add(s1, Sum.term(plain, squares, v128.load(a, 16)));
        s2 = f32x4.add(s2, Sum.term(plain, squares, v128.load(a, 32)));
        s3 = f32x4.add(s3, Sum.term(plain, squares, v128.load(a, 48)));
      }
      const end4 = a + ((<usize>n & 12) << 2);
      for (; a !== end4; a += 16) s0 = f32x4.add(s0, Sum.term(plain, squares, v128.load(a)));
      const rest = n & 3;
      if (rest) {
        s1 = f32x4.add(s1, Sum.term(plain, squares, Lanes.loadTail(a, rest)));
        a += (<usize>rest) << 2;
      }
      total += <f64>Lanes.sum(f32x4.add(f32x4.add(s0, s2), f32x4.add(s1, s3)));
      length -= n;
    }
    return total;
  }

  /** Sums of four vectors of columns, o1, o2 and o3 bytes behind the first. */
  @inline
  static strip(
    plain: bool,
    squares: v128,
    out: usize,
    a: usize,
    length: u32,
    rowBytes: usize,
    divisor: f64,
    o1: usize,
    o2: usize,
    o3: usize,
  ): void {
    let t0 = f64x2.splat(0);
    let t1 = t0;
    let t2 = t0;
    let t3 = t0;
    let t4 = t0;
    let t5 = t0;
    let t6 = t0;
    let t7 = t0;
    let row = a;
    for (let todo = length; todo; ) {
      const rows = min(todo, ROWS);
      let s0 = f32x4.splat(0);
      let s1 = s0;
      let s2 = s0;
      let s3 = s0;
      for (let l = rows; l; --l, row += rowBytes) {
        s0 = f32x4.add(s0, Sum.term(plain, squares, v128.load(row)));
        s1 = f32x4.add(s1, Sum.term(plain, squares, v128.load(row + o1)));
        s2 = f32x4.add(s2, Sum.term(plain, squares, v128.load(row + o2)));
        s3 = f32x4.add(s3, Sum.term(plain, squares, v128.load(row + o3)));
      }
      t0 = f64x2.add(t0, f64x2.promote_low_f32x4(s0));
      t1 = f64x2.add(t1, Sum.promoteHigh(s0));
      t2 = f64x2.add(t2, f64x2.promote_low_f32x4(s1));
      t3 = f64x2.add(t3, Sum.promoteHigh(s1));
      t4 = f64x2.add(t4, f64x2.promote_low_f32x4(s2));
      t5 = f64x2.add(t5, Sum.promoteHigh(s2));
      t6 = f64x2.add(t6, f64x2.promote_low_f32x4(s3));
      t7 = f64x2.add(t7, Sum.promoteHigh(s3));
      todo -= rows;
    }
    v128.store(out, Sum.quotient(t0, t1, divisor));
    v128.store(out + o1, Sum.quotient(t2, t3, divisor));
    v128.store(out + o2, Sum.quotient(t4, t5, divisor));
    v128.store(out + o3, Sum.quotient(t6, t7, divisor));
  }

  /** Sums of columns, rows ascending; every width of strip adds in the same order. */
  @inline
  static columns(
    plain: bool,
    squares: v128,
    out: usize,
    a: usize,
    length: u32,
    inner: u32,
    divisor: f64,
  ): void {
    const rowBytes = (<usize>inner) << 2;
    let left = inner;
    // Down to 4 columns in four vectors, which overlap where there are less than 16: equal columns get equal sums.
    while (left >= 4) {
      const columns = min(left, 16);
      const last = (<usize>columns - 4) << 2;
      const o1 = min<usize>(16, last);
      Sum.strip(plain, squares, out, a, length, rowBytes, divisor, o1, min<usize>(32, last), last);
      out += last + 16;
      a += last + 16;
      left -= columns;
    }
    // one at a time: a vector with one lane in use
    for (; left; --left) {
      let total = f64x2.splat(0);
      let row = a;
      for (let todo = length; todo; ) {
        const rows = min(todo, ROWS);
        let s = f32x4.splat(0);
        for (let l = rows; l; --l, row += rowBytes)
          s = f32x4.add(s, Sum.term(plain, squares, v128.load32_zero(row)));
        total = f64x2.add(total, f64x2.promote_low_f32x4(s));
        todo -= rows;
      }
      v128.store32_lane(out, Sum.quotient(total, total, divisor), 0);
      out += 4;
      a += 4;
    }
  }

  @inline
  static promoteHigh(s: v128): v128 {
    return f64x2.promote_low_f32x4(i32x4.shuffle(s, s, 2, 3, 2, 3));
  }

  @inline
  static quotient(low: v128, high: v128, divisor: f64): v128 {
    const d = f64x2.splat(divisor);
    const first = f32x4.demote_f64x2_zero(f64x2.div(low, d));
    const second = f32x4.demote_f64x2_zero(f64x2.div(high, d));
    return i64x2.shuffle(first, second, 0, 2);
  }
}
