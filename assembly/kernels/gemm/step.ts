/**
 * What the register tiles share: their compile-time parameters and one multiply-add in two ordered steps.
 * Place: below micro.ts and panel.ts. Invariant: times and plus together round as Lanes.madd does.
 */
// AssemblyScript has no value generics: a row count travels as the size of one of these types.
@unmanaged
export class Rows2 {
  a: u16;
}
@unmanaged
export class Rows3 {
  a: u8;
  b: u8;
  c: u8;
}
@unmanaged
export class Rows4 {
  a: u32;
}
@unmanaged
export class Rows5 {
  a: u8;
  b: u8;
  c: u8;
  d: u8;
  e: u8;
}

// Where B lies: in panels, or row-major and then copied to panels on the way.
@unmanaged
export class Packed {}
@unmanaged
export class RowMajor {
  a: u8;
}

/**
 * Multiply and add as two steps whose order survives the compiler: two products, then two sums, runs at 97 % of the
 * peak, alternating at 83 %. Binaryen would move each product into its sum. It cannot move it past a branch that uses it;
 * V8 sees that the branch is never taken (kernels return at once if k is 0) and emits nothing for it. Without an end of its
 * own (`unreachable`) the branch compresses best: 0.3 KB of the gzipped core.
 */
export class Step {
  // @ts-expect-error: decorator
  @inline
  static pin(k: u32, value: v128): v128 {
    if (k === 0) v128.store(0, value);
    return value;
  }

  // @ts-expect-error: decorator
  @inline
  static times(k: u32, s: v128, b: v128): v128 {
    if (ASC_FEATURE_RELAXED_SIMD) {
      return s;
    } else {
      const product = f32x4.mul(s, b);
      Step.pin(k, product);
      return product;
    }
  }

  // acc + s·b, where product = times(k, s, b)
  // @ts-expect-error: decorator
  @inline
  static plus(k: u32, acc: v128, product: v128, b: v128): v128 {
    let sum: v128;
    if (ASC_FEATURE_RELAXED_SIMD) {
      sum = f32x4.relaxed_madd(product, b, acc);
    } else {
      sum = f32x4.add(acc, product);
    }
    Step.pin(k, sum);
    return sum;
  }
}
