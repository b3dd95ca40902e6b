/**
 * The one-dimensional transforms of Winograd's F(4×4, 3×3) with the points 0, ±1, ±2, ∞ (Lavin and Gray, 2015).
 * Place: called by winograd.ts, first along one axis, then along the other. Four channels are lanes.
 * Invariant: no multiplication where doubling does; every value's formula is written out, so its bits are fixed.
 *
 * Each function transforms `lines` lines; steps in bytes from element to element (along) and from line to line (across).
 */
class Vector {
  // @ts-expect-error: decorator
  @inline
  static add(a: v128, b: v128): v128 {
    return f32x4.add(a, b);
  }

  // @ts-expect-error: decorator
  @inline
  static sub(a: v128, b: v128): v128 {
    return f32x4.sub(a, b);
  }

  // @ts-expect-error: decorator
  @inline
  static twice(a: v128): v128 {
    return f32x4.add(a, a);
  }

  // @ts-expect-error: decorator
  @inline
  static fourfold(a: v128): v128 {
    return Vector.twice(f32x4.add(a, a));
  }
}

// Bᵀ: 6 → 6, of a tile of the image
export function transformInput(
  to: usize,
  toAlong: usize,
  toAcross: usize,
  from: usize,
  along: usize,
  across: usize,
  lines: u32,
): void {
  for (; lines; --lines) {
    const d0 = v128.load(from);
    const d1 = v128.load(from + along);
    const d2 = v128.load(from + along * 2);
    const d3 = v128.load(from + along * 3);
    const d4 = v128.load(from + along * 4);
    const d5 = v128.load(from + along * 5);
    const even = Vector.sub(d4, d2);
    const odd = Vector.sub(d3, d1);
    const evenFar = Vector.sub(d4, Vector.fourfold(d2));
    const oddFar = Vector.sub(d3, Vector.fourfold(d1));
    v128.store(to, Vector.add(Vector.fourfold(Vector.sub(d0, d2)), even));
    v128.store(to + toAlong, Vector.add(evenFar, oddFar));
    v128.store(to + toAlong * 2, Vector.sub(evenFar, oddFar));
    v128.store(to + toAlong * 3, Vector.add(even, Vector.twice(odd)));
    v128.store(to + toAlong * 4, Vector.sub(even, Vector.twice(odd)));
    v128.store(to + toAlong * 5, Vector.sub(Vector.sub(d5, d3), Vector.fourfold(odd)));
    to += toAcross;
    from += across;
  }
}

// Aᵀ: 6 → 4, of a tile of the products
export function transformOutput(
  to: usize,
  toAlong: usize,
  toAcross: usize,
  from: usize,
  along: usize,
  across: usize,
  lines: u32,
): void {
  for (; lines; --lines) {
    const m1 = v128.load(from + along);
    const m2 = v128.load(from + along * 2);
    const m3 = v128.load(from + along * 3);
    const m4 = v128.load(from + along * 4);
    const near = Vector.add(m1, m2);
    const far = Vector.add(m3, m4);
    const nearSkew = Vector.sub(m1, m2);
    const farSkew = Vector.twice(Vector.sub(m3, m4));
    v128.store(to, Vector.add(Vector.add(v128.load(from), near), far));
    v128.store(to + toAlong, Vector.add(nearSkew, farSkew));
    v128.store(to + toAlong * 2, Vector.add(near, Vector.fourfold(far)));
    const last = Vector.add(v128.load(from + along * 5), nearSkew);
    v128.store(to + toAlong * 3, Vector.add(last, Vector.fourfold(farSkew)));
    to += toAcross;
    from += across;
  }
}

// A: 4 → 6, of a tile of dy: the adjoint of transformOutput
export function transformGrad(
  to: usize,
  toAlong: usize,
  toAcross: usize,
  from: usize,
  along: usize,
  across: usize,
  lines: u32,
): void {
  for (; lines; --lines) {
    const y0 = v128.load(from);
    const y1 = v128.load(from + along);
    const y2 = v128.load(from + along * 2);
    const y3 = v128.load(from + along * 3);
    const near = Vector.add(y0, y2);
    const nearSkew = Vector.add(y1, y3);
    const far = Vector.add(y0, Vector.fourfold(y2));
    const farSkew = Vector.twice(Vector.add(y1, Vector.fourfold(y3)));
    v128.store(to, y0);
    v128.store(to + toAlong, Vector.add(near, nearSkew));
    v128.store(to + toAlong * 2, Vector.sub(near, nearSkew));
    v128.store(to + toAlong * 3, Vector.add(far, farSkew));
    v128.store(to + toAlong * 4, Vector.sub(far, farSkew));
    v128.store(to + toAlong * 5, y3);
    to += toAcross;
    from += across;
  }
}

// G: 3 → 6, of a kernel
export function transformKernel(
  to: usize,
  toAlong: usize,
  toAcross: usize,
  from: usize,
  along: usize,
  across: usize,
  lines: u32,
): void {
  const sixth = f32x4.splat(1 / 6);
  const twelfth = f32x4.splat(1 / 12);
  for (; lines; --lines) {
    const g0 = v128.load(from);
    const g1 = v128.load(from + along);
    const g2 = v128.load(from + along * 2);
    const near = f32x4.mul(Vector.add(g0, g2), sixth);
    const nearSkew = f32x4.mul(g1, sixth);
    // 1/24 g0 + 1/6 g2 = (½ g0 + 2 g2) / 12
    const far = f32x4.mul(Vector.add(f32x4.mul(g0, f32x4.splat(0.5)), Vector.twice(g2)), twelfth);
    const farSkew = f32x4.mul(g1, twelfth);
    v128.store(to, f32x4.mul(g0, f32x4.splat(0.25)));
    v128.store(to + toAlong, f32x4.neg(Vector.add(near, nearSkew)));
    v128.store(to + toAlong * 2, Vector.sub(nearSkew, near));
    v128.store(to + toAlong * 3, Vector.add(far, farSkew));
    v128.store(to + toAlong * 4, Vector.sub(far, farSkew));
    v128.store(to + toAlong * 5, g2);
    to += toAcross;
    from += across;
  }
}

// Gᵀ: 6 → 3, of a kernel's gradient: the adjoint of transformKernel
export function transformKernelGrad(
  to: usize,
  toAlong: usize,
  toAcross: usize,
  from: usize,
  along: usize,
  across: usize,
  lines: u32,
): void {
  const sixth = f32x4.splat(1 / 6);
  const twelfth = f32x4.splat(1 / 12);
  for (; lines; --lines) {
    const u1 = v128.load(from + along);
    const u2 = v128.load(from + along * 2);
    const u3 = v128.load(from + along * 3);
    const u4 = v128.load(from + along * 4);
    const near = f32x4.mul(Vector.add(u1, u2), sixth);
    const far = f32x4.mul(Vector.add(u3, u4), twelfth);
    const skew = Vector.sub(f32x4.mul(Vector.sub(u3, u4), twelfth), f32x4.mul(Vector.sub(u1, u2), sixth));
    const first = f32x4.mul(v128.load(from), f32x4.splat(0.25));
    v128.store(to, Vector.add(Vector.sub(first, near), f32x4.mul(far, f32x4.splat(0.5))));
    v128.store(to + toAlong, skew);
    v128.store(
      to + toAlong * 2,
      Vector.add(Vector.sub(Vector.twice(far), near), v128.load(from + along * 5)),
    );
    to += toAcross;
    from += across;
  }
}
