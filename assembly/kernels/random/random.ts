/**
 * Random tensors. Place: a kernel of the tape, for initial weights and noise.
 * Invariant: element i depends on seed, step, stream and i alone.
 */
import { RandomField, RandomFn, Status, Uniform } from "../../../src/abi";
import { Constant, K } from "../../math/constants";
import { Logarithm } from "../../math/exponential";
import { Trigonometric } from "../../math/trigonometric";
import { Lanes } from "../../simd/lanes";
import { Record, Uniforms } from "../../tape/record";
import { philox, transposeWords, WORDS } from "./philox";

const TWO_TO_MINUS_24: f32 = 5.9604644775390625e-8;

// random: out[i] = p + (q − p)·u or p + q·z, see RandomFn   out: [n]; overwrites
export function random(pc: usize): u32 {
  const fn = Record.u32(pc, RandomField.Fn);
  const stream = Record.u32(pc, RandomField.Stream);
  const p = Record.f32(pc, RandomField.P);
  const q = Record.f32(pc, RandomField.Q);
  const stepLow = Uniforms.u32(Uniform.StepLow);
  const stepHigh = Uniforms.u32(Uniform.StepHigh);
  const base = f32x4.splat(p);
  const scale = f32x4.splat(fn === RandomFn.Uniform ? q - p : q);
  let out = Record.ptr(pc, RandomField.Out);
  let counter: u32 = 0;
  for (let left = Record.u32(pc, RandomField.N); left; counter += 4) {
    philox(counter, 1, stepLow, stepHigh, stream);
    if (fn === RandomFn.Uniform) uniform();
    else {
      normal(WORDS);
      normal(WORDS + 32);
    }
    transposeWords();
    const n = min<u32>(left, 16);
    let word = WORDS;
    const end = out + ((<usize>n & ~3) << 2);
    for (; out !== end; out += 16, word += 16) {
      v128.store(out, f32x4.add(base, f32x4.mul(scale, v128.load(word))));
    }
    if (n & 3) Lanes.storeTail(out, f32x4.add(base, f32x4.mul(scale, v128.load(word))), n & 3);
    left -= n;
  }
  return Status.Ok;
}

// words → (word >> 8)·2⁻²⁴, all 16 in place
function uniform(): void {
  for (let word = WORDS; word !== WORDS + 64; word += 16) {
    const whole = f32x4.convert_i32x4_s(i32x4.shr_u(v128.load(word), 8));
    v128.store(word, f32x4.mul(whole, f32x4.splat(TWO_TO_MINUS_24)));
  }
}

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
