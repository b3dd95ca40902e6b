/**
 * erf and the normal distribution on four lanes.
 * Place: inlined into elementwise kernels. Error bounds are measured by test/kernels/math.test.ts.
 * Invariant: a lane's bits depend on that lane alone; NaN in gives NaN out.
 */
import { Constant, K } from "./constants";
import { Exponential } from "./exponential";

export class Normal {
  /** erf x / x − 1 for |x| ≤ ErfSplit; s = x². */
  @inline
  private static small(s: v128): v128 {
    const ss = f32x4.mul(s, s);
    const high = f32x4.add(Constant.line(s, K.ErfSmall2), f32x4.mul(ss, Constant.line(s, K.ErfSmall4)));
    return f32x4.add(Constant.line(s, K.ErfSmall0), f32x4.mul(ss, high));
  }

  /** 1 − erf t for ErfSplit < t ≤ ErfHigh. */
  @inline
  private static complement(t: v128): v128 {
    const tt = f32x4.mul(t, t);
    const high = f32x4.add(Constant.line(t, K.ErfLarge5), f32x4.mul(tt, Constant.load(K.ErfLarge7)));
    const low = f32x4.add(Constant.line(t, K.ErfLarge1), f32x4.mul(tt, Constant.line(t, K.ErfLarge3)));
    const p = f32x4.add(low, f32x4.mul(f32x4.mul(tt, tt), high));
    return Exponential.expNegative(f32x4.sub(f32x4.mul(p, t), t));
  }

  /** erf x, a few ULP. */
  @inline
  static erf(x: v128): v128 {
    const mask = Constant.load(K.AbsMask);
    const t = f32x4.pmin(v128.and(x, mask), Constant.load(K.ErfHigh));
    const large = v128.bitselect(f32x4.sub(Constant.load(K.One), Normal.complement(t)), x, mask);
    const small = f32x4.add(x, f32x4.mul(x, Normal.small(f32x4.mul(x, x))));
    return v128.bitselect(large, small, f32x4.gt(t, Constant.load(K.ErfSplit)));
  }

  /** Φ(x) = ½(1 + erf(x/√2)); for negative x from 1 − erf, so that it stays accurate where it is small. */
  @inline
  static cumulative(x: v128): v128 {
    const half = Constant.load(K.Half);
    const z = f32x4.mul(x, Constant.load(K.InverseSqrt2));
    const t = f32x4.pmin(v128.and(z, Constant.load(K.AbsMask)), Constant.load(K.ErfHigh));
    const tail = f32x4.mul(half, Normal.complement(t));
    const large = v128.bitselect(tail, f32x4.sub(Constant.load(K.One), tail), f32x4.lt(x, f32x4.splat(0)));
    const erf = f32x4.add(z, f32x4.mul(z, Normal.small(f32x4.mul(z, z))));
    const small = f32x4.add(half, f32x4.mul(half, erf));
    return v128.bitselect(large, small, f32x4.gt(t, Constant.load(K.ErfSplit)));
  }

  /** φ(x) = exp(−x²/2) / √(2π). */
  @inline
  static density(x: v128): v128 {
    const e = Exponential.expNegative(f32x4.mul(f32x4.mul(x, x), f32x4.neg(Constant.load(K.Half))));
    return f32x4.mul(e, Constant.load(K.InverseSqrt2Pi));
  }
}
