/**
 * Products too small to pack, and the outer product (k = 1).
 * Place: called by gemm.ts. Invariant: one accumulator per element over k ascending, starting from C or from 0.
 *
 * Strides in bytes: A is reached as a + i·aRowStep + p·aDepthStep, B as b + p·bDepthStep + j·bColumnStep.
 */
import { Lanes } from "../../simd/lanes";

// C[m,n] = (add ? C : 0) + op(A)·op(B), no packing   four columns at a time, four rows or one; overwrites C
export function gemmSmall(
  c: usize,
  ldc: usize,
  a: usize,
  aRowStep: usize,
  aDepthStep: usize,
  b: usize,
  bDepthStep: usize,
  bColumnStep: usize,
  m: u32,
  n: u32,
  k: u32,
  add: bool,
): void {
  const aRowStep2 = aRowStep << 1;
  const ldc2 = ldc << 1;
  for (let j: u32 = 0; j < n; j += 4) {
    const columns = min(n - j, 4);
    let toC = c + (j << 2);
    let rowA = a;
    let left = m;
    for (; left >= 4; left -= 4) {
      let s0 = f32x4.splat(0),
        s1 = s0,
        s2 = s0,
        s3 = s0;
      if (add) {
        s0 = Four.load(toC, 4, columns);
        s1 = Four.load(toC + ldc, 4, columns);
        s2 = Four.load(toC + ldc2, 4, columns);
        s3 = Four.load(toC + ldc2 + ldc, 4, columns);
      }
      let p = rowA;
      let q = b;
      for (let depth = k; depth; --depth) {
        const v = Four.load(q, bColumnStep, columns);
        s0 = Lanes.madd(v128.load32_splat(p), v, s0);
        s1 = Lanes.madd(v128.load32_splat(p + aRowStep), v, s1);
        s2 = Lanes.madd(v128.load32_splat(p + aRowStep2), v, s2);
        s3 = Lanes.madd(v128.load32_splat(p + aRowStep2 + aRowStep), v, s3);
        p += aDepthStep;
        q += bDepthStep;
      }
      Four.store(toC, s0, columns);
      Four.store(toC + ldc, s1, columns);
      Four.store(toC + ldc2, s2, columns);
      Four.store(toC + ldc2 + ldc, s3, columns);
      toC += ldc2 << 1;
      rowA += aRowStep2 << 1;
    }
    for (; left; --left) {
      let s0 = add ? Four.load(toC, 4, columns) : f32x4.splat(0);
      let p = rowA;
      let q = b;
      for (let depth = k; depth; --depth) {
        s0 = Lanes.madd(v128.load32_splat(p), Four.load(q, bColumnStep, columns), s0);
        p += aDepthStep;
        q += bDepthStep;
      }
      Four.store(toC, s0, columns);
      toC += ldc;
      rowA += aRowStep;
    }
    b += bColumnStep << 2;
  }
}

// C[m,n] = (add ? C : 0) + a[m]·b[n]   aStep in bytes; b: n floats in a run; overwrites C
export function outer(
  c: usize,
  ldc: usize,
  a: usize,
  aStep: usize,
  b: usize,
  m: u32,
  n: u32,
  add: bool,
): void {
  const whole = n & ~3;
  const tail = n & 3;
  for (; m; --m) {
    const s = v128.load32_splat(a);
    const end = c + (whole << 2);
    let from = b;
    let to = c;
    if (add) {
      for (; to !== end; to += 16, from += 16) v128.store(to, Lanes.madd(s, v128.load(from), v128.load(to)));
      if (tail)
        Lanes.storeTail(to, Lanes.madd(s, Lanes.loadTail(from, tail), Lanes.loadTail(to, tail)), tail);
    } else {
      for (; to !== end; to += 16, from += 16) v128.store(to, Lanes.madd(s, v128.load(from), f32x4.splat(0)));
      if (tail) Lanes.storeTail(to, Lanes.madd(s, Lanes.loadTail(from, tail), f32x4.splat(0)), tail);
    }
    c += ldc;
    a += aStep;
  }
}

class Four {
  // 1…4 floats, step bytes apart; other lanes zero
  // @ts-expect-error: decorator
  @inline
  static load(ptr: usize, step: usize, count: u32): v128 {
    if (step === 4) return count === 4 ? v128.load(ptr) : Lanes.loadTail(ptr, count);
    let v = v128.load32_zero(ptr);
    if (count > 1) v = v128.load32_lane(ptr + step, v, 1);
    if (count > 2) v = v128.load32_lane(ptr + (step << 1), v, 2);
    if (count > 3) v = v128.load32_lane(ptr + (step << 1) + step, v, 3);
    return v;
  }

  // @ts-expect-error: decorator
  @inline
  static store(ptr: usize, v: v128, count: u32): void {
    if (count === 4) v128.store(ptr, v);
    else Lanes.storeTail(ptr, v, count);
  }
}
