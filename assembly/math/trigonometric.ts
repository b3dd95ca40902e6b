/**
 * sin and cos on four lanes.
 * Place: inlined into elementwise and random kernels. Error bounds are measured by test/kernels/math.test.ts.
 * Invariant: a lane's bits depend on that lane alone; NaN and ±∞ give NaN.
 */
import { Constant, K } from "./constants";

// π/2 in two parts: the first has 33 significant bits, so that its product with an integer below 2²⁰ is exact
const HALF_PI_HIGH: f64 = 1.57079632673412561417;
const HALF_PI_LOW: f64 = 6.07710050650619224932e-11;
const TWO_BY_PI: f64 = 0.63661977236758134308;

export class Trigonometric {
  /** sin x (turn = 0) or cos x (turn = 1), at most 1.6 units of max(ULP, 2⁻²⁶) for |x| ≤ 10⁶; reduced in f64. */
  @inline
  static sine(x: v128, turn: i32): v128 {
    const low = f64x2.promote_low_f32x4(x);
    const high = f64x2.promote_low_f32x4(i32x4.shuffle(x, x, 2, 3, 2, 3));
    const kLow = f64x2.nearest(f64x2.mul(low, f64x2.splat(TWO_BY_PI)));
    const kHigh = f64x2.nearest(f64x2.mul(high, f64x2.splat(TWO_BY_PI)));
    const rLow = f32x4.demote_f64x2_zero(Trigonometric.remainder(low, kLow));
    const rHigh = f32x4.demote_f64x2_zero(Trigonometric.remainder(high, kHigh));
    const quadrant = i64x2.shuffle(
      i32x4.trunc_sat_f64x2_s_zero(kLow),
      i32x4.trunc_sat_f64x2_s_zero(kHigh),
      0,
      2,
    );
    return Trigonometric.quadrant(i64x2.shuffle(rLow, rHigh, 0, 2), i32x4.add(quadrant, i32x4.splat(turn)));
  }

  @inline
  private static remainder(x: v128, k: v128): v128 {
    const r = f64x2.sub(x, f64x2.mul(k, f64x2.splat(HALF_PI_HIGH)));
    return f64x2.sub(r, f64x2.mul(k, f64x2.splat(HALF_PI_LOW)));
  }

  /** sin(r + quadrant·π/2) for |r| ≤ π/4. */
  @inline
  static quadrant(r: v128, quadrant: v128): v128 {
    const s = f32x4.mul(r, r);
    let p = f32x4.add(f32x4.mul(s, Constant.load(K.Sin2)), Constant.load(K.Sin1));
    p = f32x4.add(f32x4.mul(p, s), Constant.load(K.Sin0));
    const sine = f32x4.add(r, f32x4.mul(f32x4.mul(p, s), r));
    let q = f32x4.add(f32x4.mul(s, Constant.load(K.Cos2)), Constant.load(K.Cos1));
    q = f32x4.add(f32x4.mul(q, s), Constant.load(K.Cos0));
    const most = f32x4.sub(Constant.load(K.One), f32x4.mul(s, Constant.load(K.Half)));
    const cosine = f32x4.add(most, f32x4.mul(f32x4.mul(s, s), q));
    // bit 0 of the quadrant picks the cosine, bit 1 the sign
    const odd = i32x4.shr_s(i32x4.shl(quadrant, 31), 31);
    const sign = i32x4.shl(i32x4.shr_u(quadrant, 1), 31);
    return v128.xor(v128.bitselect(cosine, sine, odd), sign);
  }
}
