/**
 * Plain register tiles for 2 to 5 rows and any strides: what the unrolled tile cannot take.
 * Place: called by blocked.ts; the bulk of a large product runs in micro.ts. Invariant: as there.
 *
 * Glossary: A is reached as a + i·rowStep + p·depthStep; B panel: [k] rows of 8 floats, bStep bytes apart.
 */
import { Lanes } from "../../simd/lanes";

// C[R, 8·panels] = (add ? C : 0) + op(A) · B panels   R = 2…5; steps in bytes; k ≥ 1, panels ≥ 1; overwrites C
export function tiles<Rows>(
  c: usize,
  ldc: usize,
  a: usize,
  rowStep: usize,
  depthStep: usize,
  b: usize,
  bStep: usize,
  bPanel: usize,
  panels: u32,
  k: u32,
  add: bool,
): void {
  const c2 = ldc << 1;
  const a2 = rowStep << 1;
  const a4 = rowStep << 2;
  const end = a + depthStep * k;
  do {
    let x0 = f32x4.splat(0);
    let y0 = x0;
    let x1 = x0;
    let y1 = x0;
    let x2 = x0;
    let y2 = x0;
    let x3 = x0;
    let y3 = x0;
    let x4 = x0;
    let y4 = x0;
    if (add) {
      x0 = v128.load(c);
      y0 = v128.load(c, 16);
      x1 = v128.load(c + ldc);
      y1 = v128.load(c + ldc, 16);
      if (offsetof<Rows>() > 2) {
        x2 = v128.load(c + c2);
        y2 = v128.load(c + c2, 16);
      }
      if (offsetof<Rows>() > 3) {
        x3 = v128.load(c + c2 + ldc);
        y3 = v128.load(c + c2 + ldc, 16);
      }
      if (offsetof<Rows>() > 4) {
        x4 = v128.load(c + (c2 << 1));
        y4 = v128.load(c + (c2 << 1), 16);
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
      s = v128.load32_splat(p + rowStep);
      x1 = Lanes.madd(s, u, x1);
      y1 = Lanes.madd(s, v, y1);
      if (offsetof<Rows>() > 2) {
        s = v128.load32_splat(p + a2);
        x2 = Lanes.madd(s, u, x2);
        y2 = Lanes.madd(s, v, y2);
      }
      if (offsetof<Rows>() > 3) {
        s = v128.load32_splat(p + a2 + rowStep);
        x3 = Lanes.madd(s, u, x3);
        y3 = Lanes.madd(s, v, y3);
      }
      if (offsetof<Rows>() > 4) {
        s = v128.load32_splat(p + a4);
        x4 = Lanes.madd(s, u, x4);
        y4 = Lanes.madd(s, v, y4);
      }
      p += depthStep;
      q += bStep;
    } while (p !== end);
    v128.store(c, x0);
    v128.store(c, y0, 16);
    v128.store(c + ldc, x1);
    v128.store(c + ldc, y1, 16);
    if (offsetof<Rows>() > 2) {
      v128.store(c + c2, x2);
      v128.store(c + c2, y2, 16);
    }
    if (offsetof<Rows>() > 3) {
      v128.store(c + c2 + ldc, x3);
      v128.store(c + c2 + ldc, y3, 16);
    }
    if (offsetof<Rows>() > 4) {
      v128.store(c + (c2 << 1), x4);
      v128.store(c + (c2 << 1), y4, 16);
    }
    c += 32;
    b += bPanel;
  } while (--panels);
}
