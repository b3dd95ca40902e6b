/**
 * Random tensors. Place: a kernel of the tape, for initial weights and noise.
 * Invariant: element i depends on seed, step, stream and i alone.
 */
import { RandomField, RandomFn, Slot, Status, Uniform } from "../../../src/abi";
import { Lanes } from "../../simd/lanes";
import { KERNELS } from "../../tape/kernel-table";
import { Record, Uniforms } from "../../tape/record";
import { philox, transposeWords, WORDS } from "./philox";

const TWO_TO_MINUS_24: f32 = 5.9604644775390625e-8;

// random: out[i] = p + (q − p)·u or p + q·z, see RandomFn   out: [n]; overwrites
export function random(pc: usize): u32 {
  const fn = Record.u32(pc, RandomField.Fn);
  const draw = load<u32>(KERNELS + ((<usize>fn) << 2), Slot.Random << 2);
  if (!draw) return Status.UnknownOp;
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
    call_indirect<void>(draw, WORDS);
    call_indirect<void>(draw, WORDS + 32);
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

// words → (word >> 8)·2⁻²⁴, two vectors in place
function uniform(words: usize): void {
  for (let word = words; word !== words + 32; word += 16) {
    const whole = f32x4.convert_i32x4_s(i32x4.shr_u(v128.load(word), 8));
    v128.store(word, f32x4.mul(whole, f32x4.splat(TWO_TO_MINUS_24)));
  }
}

store<u32>(KERNELS, uniform.index, (Slot.Random + RandomFn.Uniform) << 2);
