/**
 * One row (or, by symmetry, one column) times a matrix.
 * Place: called by gemm.ts for m = 1 or n = 1. Invariant: one accumulator per output over k ascending, the lanes
 * are outputs: the bits are those of the same row in a larger product.
 *
 * y[n] (+)= x[k] · B[k,n]; strides in bytes.
 */
import { Lanes } from "../../simd/lanes";
import { Transpose } from "./pack";
import { Step } from "./step";

// B stored by rows of n floats   y: n floats in a run; overwrites y
export function gemvRows(
  y: usize,
  x: usize,
  xStep: usize,
  b: usize,
  bStep: usize,
  n: u32,
  k: u32,
  add: bool,
): void {
  if (k === 0) return;
  const end4 = b + bStep * (k & ~3);
  const end = b + bStep * k;
  let at: usize = 0;
  for (; n >= 32; n -= 32) {
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let s4 = s0;
    let s5 = s0;
    let s6 = s0;
    let s7 = s0;
    if (add) {
      s0 = v128.load(y);
      s1 = v128.load(y, 16);
      s2 = v128.load(y, 32);
      s3 = v128.load(y, 48);
      s4 = v128.load(y, 64);
      s5 = v128.load(y, 80);
      s6 = v128.load(y, 96);
      s7 = v128.load(y, 112);
    }
    let from = x;
    let row = b + at;
    // Four rows of B a round: 4.5 µs for 784×128 instead of 5.3. Pinned, for binaryen would nest the four sums.
    while (row !== end4 + at) {
      // unroll
      for (let i = 0; i < 4; ++i) {
        const x0 = v128.load32_splat(from);
        s0 = Step.pin(k, Lanes.madd(x0, v128.load(row), s0));
        s1 = Step.pin(k, Lanes.madd(x0, v128.load(row, 16), s1));
        s2 = Step.pin(k, Lanes.madd(x0, v128.load(row, 32), s2));
        s3 = Step.pin(k, Lanes.madd(x0, v128.load(row, 48), s3));
        s4 = Step.pin(k, Lanes.madd(x0, v128.load(row, 64), s4));
        s5 = Step.pin(k, Lanes.madd(x0, v128.load(row, 80), s5));
        s6 = Step.pin(k, Lanes.madd(x0, v128.load(row, 96), s6));
        s7 = Step.pin(k, Lanes.madd(x0, v128.load(row, 112), s7));
        from += xStep;
        row += bStep;
      }
    }
    while (row !== end + at) {
      const x0 = v128.load32_splat(from);
      s0 = Lanes.madd(x0, v128.load(row), s0);
      s1 = Lanes.madd(x0, v128.load(row, 16), s1);
      s2 = Lanes.madd(x0, v128.load(row, 32), s2);
      s3 = Lanes.madd(x0, v128.load(row, 48), s3);
      s4 = Lanes.madd(x0, v128.load(row, 64), s4);
      s5 = Lanes.madd(x0, v128.load(row, 80), s5);
      s6 = Lanes.madd(x0, v128.load(row, 96), s6);
      s7 = Lanes.madd(x0, v128.load(row, 112), s7);
      from += xStep;
      row += bStep;
    }
    v128.store(y, s0);
    v128.store(y, s1, 16);
    v128.store(y, s2, 32);
    v128.store(y, s3, 48);
    v128.store(y, s4, 64);
    v128.store(y, s5, 80);
    v128.store(y, s6, 96);
    v128.store(y, s7, 112);
    y += 128;
    at += 128;
  }
  b += at;
  // 4 to 16 columns in four vectors that may overlap: equal columns get equal sums.
  while (n >= 4) {
    const columns = min(n, 16);
    const last = (<usize>columns - 4) << 2;
    const o1 = min<usize>(16, last);
    const o2 = min<usize>(32, last);
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    if (add) {
      s0 = v128.load(y);
      s1 = v128.load(y + o1);
      s2 = v128.load(y + o2);
      s3 = v128.load(y + last);
    }
    let from = x;
    let row = b;
    for (let p = k; p; --p) {
      const s = v128.load32_splat(from);
      s0 = Lanes.madd(s, v128.load(row), s0);
      s1 = Lanes.madd(s, v128.load(row + o1), s1);
      s2 = Lanes.madd(s, v128.load(row + o2), s2);
      s3 = Lanes.madd(s, v128.load(row + last), s3);
      from += xStep;
      row += bStep;
    }
    v128.store(y, s0);
    v128.store(y + o1, s1);
    v128.store(y + o2, s2);
    v128.store(y + last, s3);
    y += last + 16;
    b += last + 16;
    n -= columns;
  }
  if (n) {
    let s0 = add ? Lanes.loadTail(y, n) : f32x4.splat(0);
    for (let p = k; p; --p) {
      s0 = Lanes.madd(v128.load32_splat(x), Lanes.loadTail(b, n), s0);
      x += xStep;
      b += bStep;
    }
    Lanes.storeTail(y, s0, n);
  }
}

// B stored by columns: n runs of k floats, columnStep apart   y: n floats in a run; overwrites y
// Four columns by four p are transposed in registers, so that lanes stay outputs.
export function gemvColumns(
  y: usize,
  x: usize,
  xStep: usize,
  b: usize,
  columnStep: usize,
  n: u32,
  k: u32,
  add: bool,
): void {
  const step2 = columnStep << 1;
  for (; n >= 16; n -= 16) {
    let s0 = f32x4.splat(0),
      s1 = s0,
      s2 = s0,
      s3 = s0;
    if (add) {
      s0 = v128.load(y);
      s1 = v128.load(y, 16);
      s2 = v128.load(y, 32);
      s3 = v128.load(y, 48);
    }
    let from = x;
    let p0 = b;
    let left = k;
    for (; left >= 4; left -= 4) {
      const x0 = v128.load32_splat(from);
      from += xStep;
      const x1 = v128.load32_splat(from);
      from += xStep;
      const x2 = v128.load32_splat(from);
      from += xStep;
      const x3 = v128.load32_splat(from);
      from += xStep;
      let q = p0;
      s0 = Columns.block(q, columnStep, step2, x0, x1, x2, x3, s0);
      q += step2 << 1;
      s1 = Columns.block(q, columnStep, step2, x0, x1, x2, x3, s1);
      q += step2 << 1;
      s2 = Columns.block(q, columnStep, step2, x0, x1, x2, x3, s2);
      q += step2 << 1;
      s3 = Columns.block(q, columnStep, step2, x0, x1, x2, x3, s3);
      p0 += 16;
    }
    for (; left; --left) {
      const x0 = v128.load32_splat(from);
      from += xStep;
      let q = p0;
      s0 = Lanes.madd(x0, Columns.gather(q, columnStep), s0);
      q += step2 << 1;
      s1 = Lanes.madd(x0, Columns.gather(q, columnStep), s1);
      q += step2 << 1;
      s2 = Lanes.madd(x0, Columns.gather(q, columnStep), s2);
      q += step2 << 1;
      s3 = Lanes.madd(x0, Columns.gather(q, columnStep), s3);
      p0 += 4;
    }
    v128.store(y, s0);
    v128.store(y, s1, 16);
    v128.store(y, s2, 32);
    v128.store(y, s3, 48);
    y += 64;
    b += columnStep << 4;
  }
  for (; n >= 4; n -= 4) {
    let s0 = add ? v128.load(y) : f32x4.splat(0);
    let from = x;
    let q = b;
    for (let p = k; p; --p) {
      s0 = Lanes.madd(v128.load32_splat(from), Columns.gather(q, columnStep), s0);
      from += xStep;
      q += 4;
    }
    v128.store(y, s0);
    y += 16;
    b += columnStep << 2;
  }
  for (; n; --n) {
    let s0 = add ? v128.load32_zero(y) : f32x4.splat(0);
    let from = x;
    let q = b;
    for (let p = k; p; --p) {
      s0 = Lanes.madd(v128.load32_zero(from), v128.load32_zero(q), s0);
      from += xStep;
      q += 4;
    }
    v128.store32_lane(y, s0, 0);
    y += 4;
    b += columnStep;
  }
}

class Columns {
  // acc + Σ x_p · B[p, 0…4) over four p ascending
  // @ts-expect-error: decorator
  @inline
  static block(q: usize, step: usize, step2: usize, x0: v128, x1: v128, x2: v128, x3: v128, acc: v128): v128 {
    const r0 = v128.load(q),
      r1 = v128.load(q + step);
    const r2 = v128.load(q + step2),
      r3 = v128.load(q + step2 + step);
    const t0 = Transpose.low(r0, r1),
      t1 = Transpose.high(r0, r1);
    const t2 = Transpose.low(r2, r3),
      t3 = Transpose.high(r2, r3);
    let sum = Lanes.madd(x0, Transpose.lowPair(t0, t2), acc);
    sum = Lanes.madd(x1, Transpose.highPair(t0, t2), sum);
    sum = Lanes.madd(x2, Transpose.lowPair(t1, t3), sum);
    return Lanes.madd(x3, Transpose.highPair(t1, t3), sum);
  }

  // Four floats, step bytes apart
  // @ts-expect-error: decorator
  @inline
  static gather(q: usize, step: usize): v128 {
    let v = v128.load32_zero(q);
    v = v128.load32_lane(q + step, v, 1);
    v = v128.load32_lane(q + (step << 1), v, 2);
    return v128.load32_lane(q + (step << 1) + step, v, 3);
  }
}
