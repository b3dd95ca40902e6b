/**
 * The largest element of a window, and which element it is.
 * Place: below pool.ts, pool-grad.ts and pool-pairs.ts. Invariant: NaN is larger than anything, as in PyTorch; of equal
 * elements, +0 and −0 among them, the first is meant.
 */
export class Largest {
  // f32x4.max, which orders zeros too, is eight instructions of x86-64; this is three.
  // @ts-expect-error: decorator
  @inline
  static of(value: v128, x: v128): v128 {
    return v128.or(f32x4.pmax(value, x), f32x4.ne(x, x));
  }

  /** The largest is the first element that is not less than this. With NaN for the largest: the first NaN or ∞ (PyTorch: the last NaN). */
  // @ts-expect-error: decorator
  @inline
  static bar(largest: v128): v128 {
    return f32x4.pmin(f32x4.splat(Infinity), largest);
  }
}
