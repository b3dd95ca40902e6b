/**
 * Products with few columns, whose terms are added to without a call: what small networks multiply.
 * Place: below dense-forward.ts and dense-backward.ts. Apart from gemm/small.ts, which has no bias and chooses how to read B
 * for every p: a step of XOR takes 0.245 µs with these loops and 0.264 with those.
 * Invariant: one accumulator per element over k ascending from 0, as in gemm.ts, and only then the bias. C aliases nothing.
 *
 * Strides in bytes: A is reached as a + i·aRowStep + p·aDepthStep, B as b + p·bDepthStep + j·bColumnStep.
 */
import { Lanes } from "../../simd/lanes";

// C[m,n] = op(A)·op(B) + bias[n]   rows of C are ldc bytes apart; bias may be 0: none; biasStep 0: one for all columns, else 4
export function product(
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
  bias: usize,
  biasStep: usize,
): void {
  while (n) {
    const columns = min(n, 4);
    // Without a bias −0: it changes no sum.
    let start = f32x4.splat(-0.0);
    if (bias) {
      start = biasStep ? Lanes.load(bias, columns & 3) : v128.load32_splat(bias);
      bias += biasStep << 2;
    }
    if (columns === 4 && bColumnStep === 4)
      Product.rows(true, c, ldc, a, aRowStep, aDepthStep, b, bDepthStep, 4, m, 4, k, start);
    else
      Product.rows(false, c, ldc, a, aRowStep, aDepthStep, b, bDepthStep, bColumnStep, m, columns, k, start);
    c += 16;
    b += bColumnStep << 2;
    n -= columns;
  }
}

class Product {
  // All rows of 1 to 4 columns: four rows at a time, then one. `whole`, a constant: four columns in a run.
  // @ts-expect-error: decorator
  @inline
  static rows(
    whole: bool,
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
    bias: v128,
  ): void {
    const aRowStep2 = aRowStep << 1;
    const ldc2 = ldc << 1;
    let left = m;
    for (; left >= 4; left -= 4) {
      let s0 = f32x4.splat(0);
      let s1 = s0;
      let s2 = s0;
      let s3 = s0;
      let p = a;
      let q = b;
      for (let depth = k; depth; --depth) {
        const v = Product.load(whole, q, bColumnStep, n);
        s0 = Lanes.madd(v128.load32_splat(p), v, s0);
        s1 = Lanes.madd(v128.load32_splat(p + aRowStep), v, s1);
        s2 = Lanes.madd(v128.load32_splat(p + aRowStep2), v, s2);
        s3 = Lanes.madd(v128.load32_splat(p + aRowStep2 + aRowStep), v, s3);
        p += aDepthStep;
        q += bDepthStep;
      }
      Product.store(whole, c, f32x4.add(s0, bias), n);
      Product.store(whole, c + ldc, f32x4.add(s1, bias), n);
      Product.store(whole, c + ldc2, f32x4.add(s2, bias), n);
      Product.store(whole, c + ldc2 + ldc, f32x4.add(s3, bias), n);
      c += ldc2 << 1;
      a += aRowStep2 << 1;
    }
    for (; left; --left) {
      let s0 = f32x4.splat(0);
      let p = a;
      let q = b;
      for (let depth = k; depth; --depth) {
        s0 = Lanes.madd(v128.load32_splat(p), Product.load(whole, q, bColumnStep, n), s0);
        p += aDepthStep;
        q += bDepthStep;
      }
      Product.store(whole, c, f32x4.add(s0, bias), n);
      c += ldc;
      a += aRowStep;
    }
  }

  // 1…4 floats, step bytes apart; other lanes zero
  // @ts-expect-error: decorator
  @inline
  static load(whole: bool, from: usize, step: usize, n: u32): v128 {
    if (whole) return v128.load(from);
    let v = v128.load32_zero(from);
    if (n > 1) v = v128.load32_lane(from + step, v, 1);
    if (n > 2) v = v128.load32_lane(from + (step << 1), v, 2);
    if (n > 3) v = v128.load32_lane(from + (step << 1) + step, v, 3);
    return v;
  }

  // @ts-expect-error: decorator
  @inline
  static store(whole: bool, to: usize, v: v128, n: u32): void {
    if (whole || n === 4) v128.store(to, v);
    else Lanes.storeTail(to, v, n);
  }
}
