/**
 * exp, expm1 and log on four lanes.
 * Place: inlined into the loops of elementwise, softmax, loss and random kernels. Error bounds are measured by
 * test/kernels/math.test.ts. Invariant: a lane's bits depend on that lane alone; NaN in gives NaN out.
 *
 * Polynomials are summed in pairs (Estrin): a chain of dependent operations, not their number, is what takes time.
 */
import { Constant, K } from "./constants";

export class Exponential {
  /** eʳ − 1 with r = x − n·ln 2, |r| ≤ 0.35; n·Ln2High is exact, and n·Ln2Low is added last to round once less. */
  @inline
  private static reduced(x: v128, n: v128): v128 {
    const high = f32x4.sub(x, f32x4.mul(n, Constant.load(K.Ln2High)));
    const low = f32x4.mul(n, Constant.load(K.Ln2Low));
    const r = f32x4.sub(high, low);
    const rr = f32x4.mul(r, r);
    const q = f32x4.add(Constant.line(r, K.Exp2), f32x4.mul(rr, Constant.load(K.Exp4)));
    const curve = f32x4.mul(rr, f32x4.add(Constant.line(r, K.Exp0), f32x4.mul(rr, q)));
    return f32x4.add(high, f32x4.sub(curve, low));
  }

  /** x·log₂e rounded to an integer, as a float whose low bits are the exponent field of 2 to that power. */
  @inline
  private static round(x: v128): v128 {
    return f32x4.add(f32x4.mul(x, Constant.load(K.Log2E)), Constant.load(K.Round));
  }

  /** eˣ, at most 1 ULP; denormal results are right, ∞ above 88.73, 0 below −103.98. */
  @inline
  static exp(x: v128): v128 {
    const cut = f32x4.pmin(f32x4.pmax(x, Constant.load(K.ExpLow)), Constant.load(K.ExpHigh));
    const rounded = Exponential.round(cut);
    const n = f32x4.sub(rounded, Constant.load(K.Round));
    const y = f32x4.add(Exponential.reduced(cut, n), Constant.load(K.One));
    // 2ⁿ may lie outside the normal range, so it is applied as two factors; only the second can round
    const field = i32x4.sub(rounded, Constant.load(K.Round));
    const half = i32x4.shr_s(field, 1);
    const bias = Constant.load(K.One);
    const first = i32x4.add(i32x4.shl(half, 23), bias);
    const second = i32x4.add(i32x4.shl(i32x4.sub(field, half), 23), bias);
    return f32x4.mul(f32x4.mul(y, first), second);
  }

  /** eˣ for x ≤ 0, at most 1 ULP; results below the normal range are 0 (a denormal costs 40 times as much). */
  @inline
  static expNegative(x: v128): v128 {
    const rounded = Exponential.round(x);
    const e = Exponential.reduced(x, f32x4.sub(rounded, Constant.load(K.Round)));
    const y = f32x4.add(e, Constant.load(K.One));
    return v128.andnot(f32x4.mul(y, i32x4.shl(rounded, 23)), f32x4.lt(x, Constant.load(K.ExpTiny)));
  }

  /** eˣ − 1, accurate near 0 too. */
  @inline
  static expm1(x: v128): v128 {
    const cut = f32x4.pmin(f32x4.pmax(x, Constant.load(K.Expm1Low)), Constant.load(K.ExpHigh));
    const rounded = Exponential.round(cut);
    const e = Exponential.reduced(cut, f32x4.sub(rounded, Constant.load(K.Round)));
    // half of it, so that 2¹²⁸ needs no exponent field
    const half = Constant.load(K.Half);
    const scale = i32x4.add(i32x4.shl(i32x4.sub(rounded, Constant.load(K.Round)), 23), half);
    const y = f32x4.add(f32x4.mul(scale, e), f32x4.sub(scale, half));
    return f32x4.add(y, y);
  }

  /** eˣ − 1 for −20 ≤ x ≤ 0. */
  @inline
  static expm1Negative(x: v128): v128 {
    const rounded = Exponential.round(x);
    const e = Exponential.reduced(x, f32x4.sub(rounded, Constant.load(K.Round)));
    const scale = i32x4.shl(rounded, 23);
    const one = Constant.load(K.One);
    return f32x4.add(f32x4.mul(scale, e), f32x4.sub(scale, one));
  }
}

export class Logarithm {
  /** ln of a positive normal number. */
  @inline
  static normal(x: v128): v128 {
    return Logarithm.parts(x, f32x4.splat(0));
  }

  // x = 2ᵉ·(1 + f), √½ ≤ 1 + f < √2; `less` is taken off e
  @inline
  private static parts(x: v128, less: v128): v128 {
    const root = Constant.load(K.SqrtHalf);
    const exponent = i32x4.shr_s(i32x4.sub(x, root), 23);
    const f = f32x4.sub(i32x4.sub(x, i32x4.shl(exponent, 23)), Constant.load(K.One));
    const e = f32x4.sub(f32x4.convert_i32x4_s(exponent), less);
    const ff = f32x4.mul(f, f);
    const ffff = f32x4.mul(ff, ff);
    const low = f32x4.add(Constant.line(f, K.Log0), f32x4.mul(ff, Constant.line(f, K.Log2)));
    const middle = f32x4.add(Constant.line(f, K.Log4), f32x4.mul(ff, Constant.line(f, K.Log6)));
    const high = f32x4.add(middle, f32x4.mul(ffff, Constant.load(K.Log8)));
    const p = f32x4.add(low, f32x4.mul(ffff, high));
    let y = f32x4.mul(f32x4.mul(ff, f), p);
    y = f32x4.add(y, f32x4.mul(e, Constant.load(K.Ln2Low)));
    y = f32x4.sub(y, f32x4.mul(ff, Constant.load(K.Half)));
    return f32x4.add(f32x4.add(f, y), f32x4.mul(e, Constant.load(K.Ln2High)));
  }

  /** ln x, at most 1 ULP; −∞ at 0, NaN below. */
  @inline
  static log(x: v128): v128 {
    const shift = Constant.load(K.TwoTo23);
    const small = f32x4.lt(x, Constant.load(K.MinNormal));
    const normal = v128.bitselect(f32x4.mul(x, shift), x, small);
    const y = Logarithm.parts(normal, v128.and(small, f32x4.splat(23)));
    const zero = f32x4.splat(0);
    const finite = v128.and(f32x4.gt(x, zero), f32x4.lt(x, Constant.load(K.Infinity)));
    // √x is already right for ∞, NaN and negative x
    const rest = v128.bitselect(f32x4.neg(Constant.load(K.Infinity)), f32x4.sqrt(x), f32x4.eq(x, zero));
    return v128.bitselect(y, rest, finite);
  }

  /** ln(1 + x) for 0 ≤ x ≤ 1, accurate near 0 too: ln u + (x − (u − 1)) / u with u = 1 + x. */
  @inline
  static log1pUnit(x: v128): v128 {
    const one = Constant.load(K.One);
    const u = f32x4.add(one, x);
    return f32x4.add(Logarithm.normal(u), f32x4.div(f32x4.sub(x, f32x4.sub(u, one)), u));
  }

  /** ln(1 + x); −∞ at −1, NaN below. */
  @inline
  static log1p(x: v128): v128 {
    const one = Constant.load(K.One);
    const u = f32x4.add(one, x);
    const lost = f32x4.div(f32x4.sub(x, f32x4.sub(u, one)), u);
    const y = Logarithm.log(u);
    // where ln u is ±∞ or NaN nothing is lost
    const finite = f32x4.lt(f32x4.abs(y), Constant.load(K.Infinity));
    return f32x4.add(y, v128.and(lost, finite));
  }
}
