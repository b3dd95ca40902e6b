/**
 * Unary functions as loops over whole vectors.
 * Place: below basic-unary.ts and general-unary.ts, which give each function a loop of its own; imports compile nothing
 * that is not used. Invariant: an element's bits do not depend on its place.
 */
import { UnaryFn } from "../../../src/abi";
import { Constant, K } from "../../math/constants";
import { Normal } from "../../math/erf";
import { Exponential, Logarithm } from "../../math/exponential";
import { Sigmoid } from "../../math/sigmoid";
import { Trigonometric } from "../../math/trigonometric";
import { Lanes } from "../../simd/lanes";

export class Unary {
  @inline
  static loop(fn: i32, out: usize, a: usize, end: usize, scalarP: f32, scalarQ: f32): void {
    const p = f32x4.splat(scalarP);
    const q = f32x4.splat(scalarQ);
    do {
      v128.store(out, Unary.apply(fn, v128.load(a), p, q));
      out += 16;
      a += 16;
    } while (out !== end);
  }

  // `fn` is a constant: one branch is compiled
  @inline
  static apply(fn: i32, x: v128, p: v128, q: v128): v128 {
    const zero = f32x4.splat(0);
    if (fn === UnaryFn.Affine) return Lanes.madd(p, x, q);
    if (fn === UnaryFn.Abs) return f32x4.abs(x);
    if (fn === UnaryFn.Square) return f32x4.mul(x, x);
    if (fn === UnaryFn.Sqrt) return f32x4.sqrt(x);
    if (fn === UnaryFn.Rsqrt) return f32x4.div(Constant.load(K.One), f32x4.sqrt(x));
    if (fn === UnaryFn.Reciprocal) return f32x4.div(Constant.load(K.One), x);
    if (fn === UnaryFn.Exp) return Exponential.exp(x);
    if (fn === UnaryFn.Log) return Logarithm.log(x);
    if (fn === UnaryFn.Sin) return Trigonometric.sine(x, 0);
    if (fn === UnaryFn.Cos) return Trigonometric.sine(x, 1);
    if (fn === UnaryFn.Erf) return Normal.erf(x);
    if (fn === UnaryFn.Sign) {
      // ±1 where x is not 0 (NaN among them: its copy is kept), else x
      const one = v128.bitselect(Constant.load(K.One), x, Constant.load(K.AbsMask));
      return v128.bitselect(one, x, f32x4.gt(f32x4.abs(x), zero));
    }
    if (fn === UnaryFn.Floor) return f32x4.floor(x);
    if (fn === UnaryFn.Step) return v128.and(Constant.load(K.One), f32x4.gt(x, zero));
    // pmax(x, bound) and pmin(x, bound) keep a NaN in x
    if (fn === UnaryFn.Clamp) return f32x4.pmin(f32x4.pmax(x, p), q);
    if (fn === UnaryFn.Relu) return f32x4.pmax(x, zero);
    if (fn === UnaryFn.LeakyRelu) return v128.bitselect(x, f32x4.mul(p, x), f32x4.gt(x, zero));
    if (fn === UnaryFn.Elu) {
      const y = v128.bitselect(x, f32x4.mul(p, Exponential.expm1(f32x4.pmin(x, zero))), f32x4.gt(x, zero));
      return f32x4.mul(q, y);
    }
    if (fn === UnaryFn.Gelu) return f32x4.mul(x, Normal.cumulative(x));
    if (fn === UnaryFn.GeluTanh) return f32x4.mul(x, Sigmoid.sigmoid(Unary.geluArgument(x)));
    if (fn === UnaryFn.Silu) return f32x4.mul(x, Sigmoid.sigmoid(x));
    if (fn === UnaryFn.Tanh) return Sigmoid.tanh(x);
    if (fn === UnaryFn.Sigmoid) return Sigmoid.sigmoid(x);
    if (fn === UnaryFn.Softplus) {
      const z = f32x4.mul(p, x);
      return v128.bitselect(x, f32x4.div(Sigmoid.softplus(z), p), f32x4.gt(z, q));
    }
    if (fn === UnaryFn.Huber) {
      const size = f32x4.abs(x);
      const half = Constant.load(K.Half);
      const square = f32x4.mul(f32x4.mul(x, x), half);
      const line = f32x4.mul(p, f32x4.sub(size, f32x4.mul(half, p)));
      return v128.bitselect(line, square, f32x4.gt(size, p));
    }
    if (fn === UnaryFn.Log1p) return Logarithm.log1p(x);
    return Exponential.expm1(x);
  }

  /** 2√(2/π)(x + 0.044715x³) */
  @inline
  static geluArgument(x: v128): v128 {
    const slope = f32x4.add(
      f32x4.mul(f32x4.mul(x, x), Constant.load(K.GeluTanhCubic)),
      Constant.load(K.GeluTanhLinear),
    );
    return f32x4.mul(x, slope);
  }
}
