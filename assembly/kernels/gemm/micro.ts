/**
 * Register tiles of the matrix product: R rows of C, R = 1…6, by panels of 8 (or 4) columns.
 * Place: called by blocked.ts through the function table, once per panel of A; columns are the loop inside.
 * Invariant: each element of C is one accumulator over k ascending, so tile shapes never change bits.
 *
 * Glossary: A panel: [k][R] floats, packed; B panel: [k] rows of 8 floats, bStep bytes apart.
 */
import { Lanes } from "../../simd/lanes";

// AssemblyScript has no value generics: a row count travels as the size of one of these types.
@unmanaged
class Rows1 {
  a: u8;
}
@unmanaged
class Rows2 {
  a: u8;
  b: u8;
}
@unmanaged
class Rows3 {
  a: u8;
  b: u8;
  c: u8;
}
@unmanaged
class Rows4 {
  a: u8;
  b: u8;
  c: u8;
  d: u8;
}
@unmanaged
class Rows5 {
  a: u8;
  b: u8;
  c: u8;
  d: u8;
  e: u8;
}
@unmanaged
class Rows6 {
  a: u8;
  b: u8;
  c: u8;
  d: u8;
  e: u8;
  f: u8;
}

// C[r, 8·panels] = (add ? C : 0) + A panel · B panels   ldc, bStep, bPanel in bytes; k ≥ 1, panels ≥ 1; overwrites C
function tiles8<Rows>(
  c: usize,
  ldc: usize,
  a: usize,
  b: usize,
  bStep: usize,
  bPanel: usize,
  panels: u32,
  k: u32,
  add: bool,
): void {
  const end = a + ((k * offsetof<Rows>()) << 2);
  const ldc2 = ldc << 1;
  const ldc4 = ldc << 2;
  do {
    let x0 = f32x4.splat(0),
      y0 = x0,
      x1 = x0,
      y1 = x0,
      x2 = x0,
      y2 = x0;
    let x3 = x0,
      y3 = x0,
      x4 = x0,
      y4 = x0,
      x5 = x0,
      y5 = x0;
    if (add) {
      x0 = v128.load(c);
      y0 = v128.load(c, 16);
      if (offsetof<Rows>() > 1) {
        x1 = v128.load(c + ldc);
        y1 = v128.load(c + ldc, 16);
      }
      if (offsetof<Rows>() > 2) {
        x2 = v128.load(c + ldc2);
        y2 = v128.load(c + ldc2, 16);
      }
      if (offsetof<Rows>() > 3) {
        x3 = v128.load(c + ldc2 + ldc);
        y3 = v128.load(c + ldc2 + ldc, 16);
      }
      if (offsetof<Rows>() > 4) {
        x4 = v128.load(c + ldc4);
        y4 = v128.load(c + ldc4, 16);
      }
      if (offsetof<Rows>() > 5) {
        x5 = v128.load(c + ldc4 + ldc);
        y5 = v128.load(c + ldc4 + ldc, 16);
      }
    }
    let p = a;
    let q = b;
    do {
      const u = v128.load(q);
      const v = v128.load(q, 16);
      let s = v128.load32_splat(p);
      x0 = Lanes.madd(s, u, x0);
      y0 = Lanes.madd(s, v, y0);
      if (offsetof<Rows>() > 1) {
        s = v128.load32_splat(p, 4);
        x1 = Lanes.madd(s, u, x1);
        y1 = Lanes.madd(s, v, y1);
      }
      if (offsetof<Rows>() > 2) {
        s = v128.load32_splat(p, 8);
        x2 = Lanes.madd(s, u, x2);
        y2 = Lanes.madd(s, v, y2);
      }
      if (offsetof<Rows>() > 3) {
        s = v128.load32_splat(p, 12);
        x3 = Lanes.madd(s, u, x3);
        y3 = Lanes.madd(s, v, y3);
      }
      if (offsetof<Rows>() > 4) {
        s = v128.load32_splat(p, 16);
        x4 = Lanes.madd(s, u, x4);
        y4 = Lanes.madd(s, v, y4);
      }
      if (offsetof<Rows>() > 5) {
        s = v128.load32_splat(p, 20);
        x5 = Lanes.madd(s, u, x5);
        y5 = Lanes.madd(s, v, y5);
      }
      p += offsetof<Rows>() << 2;
      q += bStep;
    } while (p !== end);
    v128.store(c, x0);
    v128.store(c, y0, 16);
    if (offsetof<Rows>() > 1) {
      v128.store(c + ldc, x1);
      v128.store(c + ldc, y1, 16);
    }
    if (offsetof<Rows>() > 2) {
      v128.store(c + ldc2, x2);
      v128.store(c + ldc2, y2, 16);
    }
    if (offsetof<Rows>() > 3) {
      v128.store(c + ldc2 + ldc, x3);
      v128.store(c + ldc2 + ldc, y3, 16);
    }
    if (offsetof<Rows>() > 4) {
      v128.store(c + ldc4, x4);
      v128.store(c + ldc4, y4, 16);
    }
    if (offsetof<Rows>() > 5) {
      v128.store(c + ldc4 + ldc, x5);
      v128.store(c + ldc4 + ldc, y5, 16);
    }
    c += 32;
    b += bPanel;
  } while (--panels);
}

// C[r, 4] = (add ? C : 0) + A panel · B panel of 4 columns   ldc in bytes; k ≥ 1; overwrites C
function tile4<Rows>(c: usize, ldc: usize, a: usize, b: usize, k: u32, add: bool): void {
  const end = a + ((k * offsetof<Rows>()) << 2);
  const ldc2 = ldc << 1;
  const ldc4 = ldc << 2;
  let x0 = f32x4.splat(0),
    x1 = x0,
    x2 = x0,
    x3 = x0,
    x4 = x0,
    x5 = x0;
  if (add) {
    x0 = v128.load(c);
    if (offsetof<Rows>() > 1) x1 = v128.load(c + ldc);
    if (offsetof<Rows>() > 2) x2 = v128.load(c + ldc2);
    if (offsetof<Rows>() > 3) x3 = v128.load(c + ldc2 + ldc);
    if (offsetof<Rows>() > 4) x4 = v128.load(c + ldc4);
    if (offsetof<Rows>() > 5) x5 = v128.load(c + ldc4 + ldc);
  }
  do {
    const u = v128.load(b);
    x0 = Lanes.madd(v128.load32_splat(a), u, x0);
    if (offsetof<Rows>() > 1) x1 = Lanes.madd(v128.load32_splat(a, 4), u, x1);
    if (offsetof<Rows>() > 2) x2 = Lanes.madd(v128.load32_splat(a, 8), u, x2);
    if (offsetof<Rows>() > 3) x3 = Lanes.madd(v128.load32_splat(a, 12), u, x3);
    if (offsetof<Rows>() > 4) x4 = Lanes.madd(v128.load32_splat(a, 16), u, x4);
    if (offsetof<Rows>() > 5) x5 = Lanes.madd(v128.load32_splat(a, 20), u, x5);
    a += offsetof<Rows>() << 2;
    b += 16;
  } while (a !== end);
  v128.store(c, x0);
  if (offsetof<Rows>() > 1) v128.store(c + ldc, x1);
  if (offsetof<Rows>() > 2) v128.store(c + ldc2, x2);
  if (offsetof<Rows>() > 3) v128.store(c + ldc2 + ldc, x3);
  if (offsetof<Rows>() > 4) v128.store(c + ldc4, x4);
  if (offsetof<Rows>() > 5) v128.store(c + ldc4 + ldc, x5);
}

// Inlined where it is called, which is twice for each kernel: binaryen would inline a kernel with a single caller into
// the driver, and V8 tiers up whole functions between calls.
export class Tiles {
  // @ts-expect-error: decorator
  @inline
  static by8(
    rows: u32,
    c: usize,
    ldc: usize,
    a: usize,
    b: usize,
    bStep: usize,
    bPanel: usize,
    panels: u32,
    k: u32,
    add: bool,
  ): void {
    switch (rows) {
      case 6:
        return tiles8<Rows6>(c, ldc, a, b, bStep, bPanel, panels, k, add);
      case 5:
        return tiles8<Rows5>(c, ldc, a, b, bStep, bPanel, panels, k, add);
      case 4:
        return tiles8<Rows4>(c, ldc, a, b, bStep, bPanel, panels, k, add);
      case 3:
        return tiles8<Rows3>(c, ldc, a, b, bStep, bPanel, panels, k, add);
      case 2:
        return tiles8<Rows2>(c, ldc, a, b, bStep, bPanel, panels, k, add);
      default:
        return tiles8<Rows1>(c, ldc, a, b, bStep, bPanel, panels, k, add);
    }
  }

  // @ts-expect-error: decorator
  @inline
  static by4(rows: u32, c: usize, ldc: usize, a: usize, b: usize, k: u32, add: bool): void {
    switch (rows) {
      case 6:
        return tile4<Rows6>(c, ldc, a, b, k, add);
      case 5:
        return tile4<Rows5>(c, ldc, a, b, k, add);
      case 4:
        return tile4<Rows4>(c, ldc, a, b, k, add);
      case 3:
        return tile4<Rows3>(c, ldc, a, b, k, add);
      case 2:
        return tile4<Rows2>(c, ldc, a, b, k, add);
      default:
        return tile4<Rows1>(c, ldc, a, b, k, add);
    }
  }
}
