/**
 * Philox4x32-10 (Salmon et al. 2011), four counters at a time, one a lane.
 * Place: below dropout, random and permutation. Invariant: words depend on counter and key alone.
 */
import { Uniform } from "../../../src/abi";
import { Uniforms } from "../../tape/record";

/** Where `philox` leaves its words: word w of counter j at 16·w + 4·j. */
export const WORDS = memory.data(64, 16);

const MULTIPLIER_0: u32 = 0xd2511f53;
const MULTIPLIER_1: u32 = 0xcd9e8d57;
const WEYL_0: u32 = 0x9e3779b9;
const WEYL_1: u32 = 0xbb67ae85;

// words of philox([first + step·j, c1, c2, c3], [SeedLow, SeedHigh]) for j = 0…3 to WORDS
export function philox(first: u32, step: u32, counter1: u32, counter2: u32, counter3: u32): void {
  let c0 = i32x4.splat(first);
  c0 = i32x4.add(c0, i32x4.mul(i32x4(0, 1, 2, 3), i32x4.splat(step)));
  let c1 = i32x4.splat(counter1);
  let c2 = i32x4.splat(counter2);
  let c3 = i32x4.splat(counter3);
  let k0 = i32x4.splat(Uniforms.u32(Uniform.SeedLow));
  let k1 = i32x4.splat(Uniforms.u32(Uniform.SeedHigh));
  const m0 = i32x4.splat(MULTIPLIER_0);
  const m1 = i32x4.splat(MULTIPLIER_1);
  const w0 = i32x4.splat(WEYL_0);
  const w1 = i32x4.splat(WEYL_1);
  for (let round = 10; round; --round) {
    const low0 = i64x2.extmul_low_i32x4_u(c0, m0);
    const high0 = i64x2.extmul_high_i32x4_u(c0, m0);
    const low1 = i64x2.extmul_low_i32x4_u(c2, m1);
    const high1 = i64x2.extmul_high_i32x4_u(c2, m1);
    c0 = v128.xor(v128.xor(i32x4.shuffle(low1, high1, 1, 3, 5, 7), c1), k0);
    c1 = i32x4.shuffle(low1, high1, 0, 2, 4, 6);
    c2 = v128.xor(v128.xor(i32x4.shuffle(low0, high0, 1, 3, 5, 7), c3), k1);
    c3 = i32x4.shuffle(low0, high0, 0, 2, 4, 6);
    k0 = i32x4.add(k0, w0);
    k1 = i32x4.add(k1, w1);
  }
  v128.store(WORDS, c0);
  v128.store(WORDS, c1, 16);
  v128.store(WORDS, c2, 32);
  v128.store(WORDS, c3, 48);
}

/** Transposes the 4×4 words or floats at WORDS: then word w of counter j stands at 16·j + 4·w. */
export function transposeWords(): void {
  const a = v128.load(WORDS);
  const b = v128.load(WORDS, 16);
  const c = v128.load(WORDS, 32);
  const d = v128.load(WORDS, 48);
  const ab0 = i32x4.shuffle(a, b, 0, 4, 1, 5);
  const cd0 = i32x4.shuffle(c, d, 0, 4, 1, 5);
  const ab1 = i32x4.shuffle(a, b, 2, 6, 3, 7);
  const cd1 = i32x4.shuffle(c, d, 2, 6, 3, 7);
  v128.store(WORDS, i64x2.shuffle(ab0, cd0, 0, 2));
  v128.store(WORDS, i64x2.shuffle(ab0, cd0, 1, 3), 16);
  v128.store(WORDS, i64x2.shuffle(ab1, cd1, 0, 2), 32);
  v128.store(WORDS, i64x2.shuffle(ab1, cd1, 1, 3), 48);
}
