/**
 * Runs of elements from one type to another.
 * Place: below the cast and gather kernels. Invariant: reads n elements of `from`, writes n of `to`.
 */
import { DType } from "../../../src/abi";

/** Bytes of one element. */
export function elementBytes(type: u32): u32 {
  return type === DType.U8 ? 1 : 4;
}

// out[i] = (to) a[i]   out, a: [n]; may coincide where the sizes are equal; f32 → i32 truncates, NaN → 0
export function convert(out: usize, a: usize, n: u32, from: u32, to: u32): void {
  if (from === to) copyBytes(out, a, n * elementBytes(from));
  else if (from === DType.U8) convertBytes(out, a, n, to === DType.F32);
  else if (to === DType.F32) {
    const end = out + ((<usize>n & ~3) << 2);
    for (; out !== end; out += 16, a += 16) v128.store(out, f32x4.convert_i32x4_s(v128.load(a)));
    for (n &= 3; n; --n, out += 4, a += 4) store<f32>(out, <f32>load<i32>(a));
  } else if (to === DType.I32) {
    const end = out + ((<usize>n & ~3) << 2);
    for (; out !== end; out += 16, a += 16) v128.store(out, i32x4.trunc_sat_f32x4_s(v128.load(a)));
    for (n &= 3; n; --n, out += 4, a += 4)
      v128.store32_lane(out, i32x4.trunc_sat_f32x4_s(v128.load32_zero(a)), 0);
  } else {
    for (; n; --n, ++out, a += 4)
      store<u8>(
        out,
        from === DType.F32
          ? <u32>i32x4.extract_lane(i32x4.trunc_sat_f32x4_s(v128.load32_zero(a)), 0)
          : load<u32>(a),
      );
  }
}

// Engines leave WASM for memory.copy, which a short run does not pay back.
const COPY_INLINE: u32 = 256;

/** out[i] = a[i] for n 32-bit words. */
export function copyWords(out: usize, a: usize, n: u32): void {
  copyBytes(out, a, n << 2);
}

function copyBytes(out: usize, a: usize, bytes: u32): void {
  if (bytes >= COPY_INLINE) {
    memory.copy(out, a, bytes);
    return;
  }
  const end = out + bytes;
  for (; out + 16 <= end; out += 16, a += 16) v128.store(out, v128.load(a));
  for (; out + 4 <= end; out += 4, a += 4) store<u32>(out, load<u32>(a));
  for (; out < end; ++out, ++a) store<u8>(out, load<u8>(a));
}

function convertBytes(out: usize, a: usize, n: u32, float: bool): void {
  const end = out + ((<usize>n & ~7) << 2);
  for (; out !== end; out += 32, a += 8) {
    const words = v128.load8x8_u(a);
    const low = i32x4.extend_low_i16x8_u(words);
    const high = i32x4.extend_high_i16x8_u(words);
    if (float) {
      v128.store(out, f32x4.convert_i32x4_s(low));
      v128.store(out, f32x4.convert_i32x4_s(high), 16);
    } else {
      v128.store(out, low);
      v128.store(out, high, 16);
    }
  }
  for (n &= 7; n; --n, out += 4, ++a) {
    const value = <u32>load<u8>(a);
    if (float) store<f32>(out, <f32>(<i32>value));
    else store<u32>(out, value);
  }
}
