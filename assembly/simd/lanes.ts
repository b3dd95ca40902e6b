/**
 * Four f32 lanes: the vector idioms that every kernel shares.
 * Place: below all kernels; imports nothing. Invariant: no function touches a byte beyond the lanes it is asked for.
 */
export class Lanes {
  /** a·b + c: fused where the relaxed variant's host fuses, otherwise rounded twice. */
  // @ts-expect-error: decorator
  @inline
  static madd(a: v128, b: v128, c: v128): v128 {
    if (ASC_FEATURE_RELAXED_SIMD) {
      return f32x4.relaxed_madd(a, b, c);
    } else {
      return f32x4.add(c, f32x4.mul(a, b));
    }
  }

  /** The first r = 1, 2 or 3 floats at ptr; the other lanes are zero. */
  // @ts-expect-error: decorator
  @inline
  static loadTail(ptr: usize, r: u32): v128 {
    if (r === 1) return v128.load32_zero(ptr);
    const pair = v128.load64_zero(ptr);
    return r === 2 ? pair : v128.load32_lane(ptr, pair, 2, 8);
  }

  /** Four floats at ptr, or the first r = 1, 2 or 3: 0 stands for a whole vector. */
  // @ts-expect-error: decorator
  @inline
  static load(ptr: usize, r: u32): v128 {
    return r ? Lanes.loadTail(ptr, r) : v128.load(ptr);
  }

  /** Stores the first r = 1, 2 or 3 lanes of v at ptr. */
  // @ts-expect-error: decorator
  @inline
  static storeTail(ptr: usize, v: v128, r: u32): void {
    if (r === 1) {
      v128.store32_lane(ptr, v, 0);
    } else {
      v128.store64_lane(ptr, v, 0);
      if (r === 3) v128.store32_lane(ptr, v, 2, 8);
    }
  }

  /** (v0 + v2) + (v1 + v3). */
  // @ts-expect-error: decorator
  @inline
  static sum(v: v128): f32 {
    const halves = f32x4.add(v, f32x4.shuffle(v, v, 2, 3, 0, 1));
    return f32x4.extract_lane(halves, 0) + f32x4.extract_lane(halves, 1);
  }

  /** Largest lane; NaN if any lane is NaN. */
  // @ts-expect-error: decorator
  @inline
  static max(v: v128): f32 {
    const halves = f32x4.max(v, f32x4.shuffle(v, v, 2, 3, 0, 1));
    return max(f32x4.extract_lane(halves, 0), f32x4.extract_lane(halves, 1));
  }

  /** Smallest lane; NaN if any lane is NaN. */
  // @ts-expect-error: decorator
  @inline
  static min(v: v128): f32 {
    const halves = f32x4.min(v, f32x4.shuffle(v, v, 2, 3, 0, 1));
    return min(f32x4.extract_lane(halves, 0), f32x4.extract_lane(halves, 1));
  }
}
