/**
 * Plain register tiles for 2 to 5 rows, and the first panel of a row block, which packs A on the way.
 * Place: called by blocked.ts; the bulk of a large product runs in micro.ts. Invariant: as there.
 *
 * Glossary: A panel: [k][R] vectors of four equal floats; B panel: [k] rows of 8 floats, bStep bytes apart.
 */
import { Step } from "./step";

// panel[p][r] = A[r][p] four times, and C[R, 8] = (add ? C : 0) + A · B panel   R = 2…5; all steps in bytes; k ≥ 1
// The product needs each splatted float of A anyway: storing it here costs a tenth of a separate packing pass.
export function tilePackingRows<Rows>(
  c: usize,
  ldc: usize,
  panel: usize,
  a: usize,
  rowStep: usize,
  depthStep: usize,
  b: usize,
  bStep: usize,
  k: u32,
  add: bool,
): void {
  if (k === 0) return;
  const c2 = ldc << 1;
  const a2 = rowStep << 1;
  const a3 = a2 + rowStep;
  const a4 = rowStep << 2;
  const end = panel + ((k * offsetof<Rows>()) << 4);
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
  do {
    const u = v128.load(b);
    const v = v128.load(b, 16);
    let s = v128.load32_splat(a);
    v128.store(panel, s);
    let t = Step.times(k, s, u);
    s = Step.times(k, s, v);
    x0 = Step.plus(k, x0, t, u);
    y0 = Step.plus(k, y0, s, v);
    s = v128.load32_splat(a + rowStep);
    v128.store(panel, s, 16);
    t = Step.times(k, s, u);
    s = Step.times(k, s, v);
    x1 = Step.plus(k, x1, t, u);
    y1 = Step.plus(k, y1, s, v);
    if (offsetof<Rows>() > 2) {
      s = v128.load32_splat(a + a2);
      v128.store(panel, s, 32);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x2 = Step.plus(k, x2, t, u);
      y2 = Step.plus(k, y2, s, v);
    }
    if (offsetof<Rows>() > 3) {
      s = v128.load32_splat(a + a3);
      v128.store(panel, s, 48);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x3 = Step.plus(k, x3, t, u);
      y3 = Step.plus(k, y3, s, v);
    }
    if (offsetof<Rows>() > 4) {
      s = v128.load32_splat(a + a4);
      v128.store(panel, s, 64);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x4 = Step.plus(k, x4, t, u);
      y4 = Step.plus(k, y4, s, v);
    }
    a += depthStep;
    b += bStep;
    panel += offsetof<Rows>() << 4;
  } while (panel !== end);
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
}

// C[R, 8·panels] = (add ? C : 0) + A panel · B panels   R = 2…5; steps in bytes; k ≥ 1, panels ≥ 1; overwrites C
export function tiles<Rows>(
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
  if (k === 0) return;
  const c2 = ldc << 1;
  const end = a + ((k * offsetof<Rows>()) << 4);
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
      let s = v128.load(p);
      let t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x0 = Step.plus(k, x0, t, u);
      y0 = Step.plus(k, y0, s, v);
      s = v128.load(p, 16);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x1 = Step.plus(k, x1, t, u);
      y1 = Step.plus(k, y1, s, v);
      if (offsetof<Rows>() > 2) {
        s = v128.load(p, 32);
        t = Step.times(k, s, u);
        s = Step.times(k, s, v);
        x2 = Step.plus(k, x2, t, u);
        y2 = Step.plus(k, y2, s, v);
      }
      if (offsetof<Rows>() > 3) {
        s = v128.load(p, 48);
        t = Step.times(k, s, u);
        s = Step.times(k, s, v);
        x3 = Step.plus(k, x3, t, u);
        y3 = Step.plus(k, y3, s, v);
      }
      if (offsetof<Rows>() > 4) {
        s = v128.load(p, 64);
        t = Step.times(k, s, u);
        s = Step.times(k, s, v);
        x4 = Step.plus(k, x4, t, u);
        y4 = Step.plus(k, y4, s, v);
      }
      p += offsetof<Rows>() << 4;
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
