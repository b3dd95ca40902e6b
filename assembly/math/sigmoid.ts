/**
 * tanh, sigmoid and softplus on four lanes.
 * Place: inlined into elementwise and recurrent kernels. Error bounds are measured by test/kernels/math.test.ts.
 * Invariant: a lane's bits depend on that lane alone; NaN in gives NaN out; no ∞ − ∞ at any finite x.
 */
import { Constant, K } from "./constants";
import { Exponential, Logarithm } from "./exponential";

export class Sigmoid {
  /** tanh x = −E / (E + 2), E = exp(−2|x|) − 1, with the sign of x; at most 2.5 ULP. */
  @inline
  static tanh(x: v128): v128 {
    const mask = Constant.load(K.AbsMask);
    const a = f32x4.pmin(v128.and(x, mask), Constant.load(K.TanhHigh));
    const e = Exponential.expm1Negative(f32x4.neg(f32x4.add(a, a)));
    const y = f32x4.div(e, f32x4.add(e, Constant.load(K.Two)));
    return v128.bitselect(y, x, mask);
  }

  /** σ(x) = 1 / (1 + e⁻ˣ), at most 2.5 ULP down to −87.3; 0 below. */
  @inline
  static sigmoid(x: v128): v128 {
    const one = Constant.load(K.One);
    const e = Exponential.expNegative(f32x4.neg(v128.and(x, Constant.load(K.AbsMask))));
    return f32x4.div(v128.bitselect(e, one, f32x4.lt(x, f32x4.splat(0))), f32x4.add(one, e));
  }

  /** ln(1 + eˣ) = max(x, 0) + ln(1 + exp(−|x|)). */
  @inline
  static softplus(x: v128): v128 {
    const e = Exponential.expNegative(f32x4.neg(v128.and(x, Constant.load(K.AbsMask))));
    return f32x4.add(f32x4.pmax(x, f32x4.splat(0)), Logarithm.log1pUnit(e));
  }
}
