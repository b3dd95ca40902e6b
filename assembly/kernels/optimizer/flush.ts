/**
 * Setting tiny numbers to zero. WASM has no flush-to-zero mode, and arithmetic on denormals costs 40 times as much.
 * Place: below the optimizers. Invariant: a number at or above the limit keeps all its bits.
 */
export class Flush {
  /** x where |x| ≥ limit, else 0; NaN is kept. */
  @inline
  static below(x: v128, limit: v128): v128 {
    return v128.andnot(x, f32x4.lt(f32x4.abs(x), limit));
  }
}
