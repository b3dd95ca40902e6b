/**
 * Guard. Place: a kernel of the tape, between backward and update. Invariant: reads only; nothing lasting has changed
 * in a step before its guard has passed.
 */
import { GuardField, GuardProductField, Status, Uniform } from "../../../src/abi";
import { Lanes } from "../../simd/lanes";
import { Record, Uniforms } from "../../tape/record";

// A float is finite if its bits without the sign are below those of ∞. Integer maxima cost no denormal penalty.
const INFINITE: u32 = 0xff000000;

// guard: NotFinite if any x[i] of any entry is NaN or ±∞   x: [n] at each of the record's (address, n) pairs
export function guard(pc: usize): u32 {
  const entries = Record.u32(pc, GuardField.Entries);
  let pair = pc + (GuardField.First << 2);
  for (let entry: u32 = 0; entry < entries; ++entry, pair += 8) {
    if (!finite(load<u32>(pair), load<u32>(pair, 4))) {
      Uniforms.set(Uniform.Detail, entry);
      return Status.NotFinite;
    }
  }
  return Status.Ok;
}

// guardProduct: NotFinite unless max|a|·max|b|·factor is finite   a: [NA], b: [NB]
export function guardProduct(pc: usize): u32 {
  const a = largest(Record.ptr(pc, GuardProductField.A), Record.u32(pc, GuardProductField.NA));
  const b = largest(Record.ptr(pc, GuardProductField.B), Record.u32(pc, GuardProductField.NB));
  const bound =
    reinterpret<f32>(a >> 1) * reinterpret<f32>(b >> 1) * <f32>Record.u32(pc, GuardProductField.Factor);
  return bound <= f32.MAX_VALUE ? Status.Ok : Status.NotFinite;
}

function finite(x: usize, n: u32): bool {
  return largest(x, n) < INFINITE;
}

/** Twice the bits of the largest magnitude; NaN counts as more than infinite. */
function largest(x: usize, n: u32): u32 {
  // twice the bits drops the sign
  let top = i32x4.splat(0);
  const end16 = x + ((<usize>n & ~15) << 2);
  if (x !== end16) {
    let top1 = top;
    let top2 = top;
    let top3 = top;
    for (; x !== end16; x += 64) {
      top = i32x4.max_u(top, i32x4.shl(v128.load(x), 1));
      top1 = i32x4.max_u(top1, i32x4.shl(v128.load(x, 16), 1));
      top2 = i32x4.max_u(top2, i32x4.shl(v128.load(x, 32), 1));
      top3 = i32x4.max_u(top3, i32x4.shl(v128.load(x, 48), 1));
    }
    top = i32x4.max_u(i32x4.max_u(top, top1), i32x4.max_u(top2, top3));
  }
  const end4 = x + ((<usize>n & 12) << 2);
  for (; x !== end4; x += 16) top = i32x4.max_u(top, i32x4.shl(v128.load(x), 1));
  if (n & 3) top = i32x4.max_u(top, i32x4.shl(Lanes.loadTail(x, n & 3), 1));
  const first = max(<u32>i32x4.extract_lane(top, 0), <u32>i32x4.extract_lane(top, 1));
  return max(first, max(<u32>i32x4.extract_lane(top, 2), <u32>i32x4.extract_lane(top, 3)));
}
