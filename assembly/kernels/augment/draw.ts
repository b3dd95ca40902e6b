/**
 * The random numbers of one row of the batch. Place: inlined into the kernels of this folder.
 * Invariant: they depend on seed, step, stream and row alone.
 */
import { Uniform } from "../../../src/abi";
import { Uniforms } from "../../tape/record";
import { philox, WORDS } from "../random/philox";

const TWO_TO_MINUS_24: f32 = 5.9604644775390625e-8;

export class Draw {
  /** Where the row's first word stands, the others 16 bytes on each; rows must be asked for in order from 0. */
  @inline
  static row(n: u32, stream: u32): usize {
    if (!(n & 3)) philox(n, 1, Uniforms.u32(Uniform.StepLow), Uniforms.u32(Uniform.StepHigh), stream);
    return WORDS + ((<usize>(n & 3)) << 2);
  }

  /** ⌊word·range / 2³²⌋ */
  @inline
  static below(word: u32, range: u32): i32 {
    return <i32>((<u64>word * <u64>range) >> 32);
  }

  /** 2u − 1 with u = (word >> 8)·2⁻²⁴; exact */
  @inline
  static centred(word: u32): f32 {
    const u = <f32>(word >> 8) * TWO_TO_MINUS_24;
    return u + u - 1;
  }
}
