/**
 * Normally distributed numbers from random words. Place: a part of the random kernel, listed by tape/general-kernels.ts.
 * Invariant: two words give two numbers, whatever stands beside them.
 */
import { RandomFn, Slot } from "../../../src/abi";
import { Constant, K } from "../../math/constants";
import { Logarithm } from "../../math/exponential";
import { Trigonometric } from "../../math/trigonometric";
import { KERNELS } from "../../tape/kernel-table";

const TWO_TO_MINUS_24: f32 = 5.9604644775390625e-8;

// Box–Muller on two vectors of words in place: √(−2 ln u₀)·(cos, sin)(2π u₁), u₀ in (0, 1]
function normal(words: usize): void {
  const unit = f32x4.splat(TWO_TO_MINUS_24);
  const one = i32x4.splat(1);
  const u0 = f32x4.mul(f32x4.convert_i32x4_s(i32x4.add(i32x4.shr_u(v128.load(words), 8), one)), unit);
  const u1 = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(v128.load(words, 16), 8)), unit);
  const radius = f32x4.sqrt(f32x4.mul(f32x4.neg(Constant.load(K.Two)), Logarithm.normal(u0)));
  // in turns the reduction to ±⅛ is exact
  const quarters = f32x4.nearest(f32x4.mul(u1, Constant.load(K.Four)));
  const angle = f32x4.mul(
    f32x4.sub(u1, f32x4.mul(quarters, Constant.load(K.Quarter))),
    Constant.load(K.TwoPi),
  );
  const quadrant = i32x4.trunc_sat_f32x4_s(quarters);
  v128.store(words, f32x4.mul(radius, Trigonometric.quadrant(angle, i32x4.add(quadrant, one))));
  v128.store(words, f32x4.mul(radius, Trigonometric.quadrant(angle, quadrant)), 16);
}

store<u32>(KERNELS, normal.index, (Slot.Random + RandomFn.Normal) << 2);
