/**
 * Gradients of the activations as loops over whole vectors.
 * Place: below basic-unary-grad.ts and general-unary-grad.ts, which give each a loop of its own.
 * Invariant: an element's bits do not depend on its place.
 */
import { UnaryFn } from "../../../src/abi";
import { Constant, K } from "../../math/constants";
import { Normal } from "../../math/erf";
import { Exponential } from "../../math/exponential";
import { Sigmoid } from "../../math/sigmoid";

export class UnaryGrad {
  @inline
  static loop(fn: i32, out: usize, a: usize, dy: usize, end: usize, scalarP: f32, scalarQ: f32): void {
    const p = f32x4.splat(scalarP);
    const q = f32x4.splat(scalarQ);
    do {
      v128.store(out, UnaryGrad.apply(fn, v128.load(a), v128.load(dy), p, q));
      out += 16;
      a += 16;
      dy += 16;
    } while (out !== end);
  }

  // `fn` is a constant: one branch is compiled
  @inline
  static apply(fn: i32, a: v128, dy: v128, p: v128, q: v128): v128 {
    const zero = f32x4.splat(0);
    if (fn === UnaryFn.Clamp) return v128.and(dy, v128.and(f32x4.ge(a, p), f32x4.le(a, q)));
    if (fn === UnaryFn.Relu) return v128.and(dy, f32x4.gt(a, zero));
    if (fn === UnaryFn.LeakyRelu) return v128.bitselect(dy, f32x4.mul(p, dy), f32x4.gt(a, zero));
    if (fn === UnaryFn.Elu) {
      const slope = f32x4.mul(p, Exponential.expNegative(f32x4.pmin(a, zero)));
      return f32x4.mul(f32x4.mul(q, v128.bitselect(Constant.load(K.One), slope, f32x4.gt(a, zero))), dy);
    }
    if (fn === UnaryFn.Gelu) {
      const slope = f32x4.add(Normal.cumulative(a), f32x4.mul(a, Normal.density(a)));
      return f32x4.mul(slope, dy);
    }
    if (fn === UnaryFn.GeluTanh) {
      // s + x·s(1 − s)·(2u)′ with s = σ(2u); beyond ±GeluTanhHigh s is 0 or 1
      const bound = Constant.load(K.GeluTanhHigh);
      const x = f32x4.pmin(f32x4.pmax(a, f32x4.neg(bound)), bound);
      const xx = f32x4.mul(x, x);
      const linear = Constant.load(K.GeluTanhLinear);
      const s = Sigmoid.sigmoid(
        f32x4.mul(x, f32x4.add(f32x4.mul(xx, Constant.load(K.GeluTanhCubic)), linear)),
      );
      const inner = f32x4.mul(x, f32x4.add(f32x4.mul(xx, Constant.load(K.GeluTanhCubic3)), linear));
      return f32x4.mul(f32x4.add(s, f32x4.mul(inner, UnaryGrad.logistic(s))), dy);
    }
    if (fn === UnaryFn.Silu) {
      // s + x·s(1 − s); beyond ±SiluHigh s is 0 or 1
      const bound = Constant.load(K.SiluHigh);
      const x = f32x4.pmin(f32x4.pmax(a, f32x4.neg(bound)), bound);
      const s = Sigmoid.sigmoid(x);
      return f32x4.mul(f32x4.add(s, f32x4.mul(x, UnaryGrad.logistic(s))), dy);
    }
    if (fn === UnaryFn.Tanh) return f32x4.mul(f32x4.sub(Constant.load(K.One), f32x4.mul(a, a)), dy);
    if (fn === UnaryFn.Sigmoid) return f32x4.mul(UnaryGrad.logistic(a), dy);
    if (fn === UnaryFn.Softplus) {
      const z = f32x4.mul(p, a);
      return v128.bitselect(dy, f32x4.mul(Sigmoid.sigmoid(z), dy), f32x4.gt(z, q));
    }
    // Huber
    return f32x4.mul(f32x4.pmin(f32x4.pmax(a, f32x4.neg(p)), p), dy);
  }

  /** σ′ = s(1 − s) */
  @inline
  static logistic(s: v128): v128 {
    return f32x4.mul(s, f32x4.sub(Constant.load(K.One), s));
  }
}
