/**
 * Dropout. Place: a kernel of the tape. Invariant: what is dropped depends on seed, step, stream and place alone, so the
 * gradient's record repeats the mask instead of storing it.
 */
import { DropoutField, Status, Uniform } from "../../../src/abi";
import { Lanes } from "../../simd/lanes";
import { Record, Uniforms } from "../../tape/record";
import { philox, transposeWords, WORDS } from "./philox";

// dropout: y[i] = word(i) < Threshold ? 0 : x[i]·Scale   y, x: [n]; y may alias x; overwrites y
export function dropout(pc: usize): u32 {
  let y = Record.ptr(pc, DropoutField.Out);
  let x = Record.ptr(pc, DropoutField.A);
  const stream = Record.u32(pc, DropoutField.Stream);
  const stepLow = Uniforms.u32(Uniform.StepLow);
  const stepHigh = Uniforms.u32(Uniform.StepHigh);
  const threshold = i32x4.splat(Record.u32(pc, DropoutField.Threshold));
  const scale = f32x4.splat(Record.f32(pc, DropoutField.Scale));
  let counter: u32 = 0;
  for (let left = Record.u32(pc, DropoutField.N); left; counter += 4) {
    philox(counter, 1, stepLow, stepHigh, stream);
    transposeWords();
    const n = min<u32>(left, 16);
    let word = WORDS;
    const end = y + ((<usize>n & ~3) << 2);
    for (; y !== end; y += 16, x += 16, word += 16) {
      v128.store(y, v128.and(f32x4.mul(v128.load(x), scale), i32x4.ge_u(v128.load(word), threshold)));
    }
    const rest = n & 3;
    if (rest) {
      const kept = i32x4.ge_u(v128.load(word), threshold);
      Lanes.storeTail(y, v128.and(f32x4.mul(Lanes.loadTail(x, rest), scale), kept), rest);
    }
    left -= n;
  }
  return Status.Ok;
}
