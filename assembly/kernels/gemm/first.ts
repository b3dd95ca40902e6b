/**
 * The tiles of the first panel of B, which make the panel of A that micro.ts reads.
 * Place: called by blocked.ts once per 4 or 5 rows. Invariant: as in micro.ts.
 *
 * Glossary: A panel: [k][R] vectors of four equal floats; B panel: [k][8] floats.
 */
import { Lanes } from "../../simd/lanes";
import { Step } from "./step";

// panel[p][r] = A[r][p] four times, and C[R, 8] = (add ? C : 0) + A · B panel   R = 4, 5; any strides of A; k ≥ 1
// The product needs each splatted float of A anyway: storing it here costs a tenth of a separate packing pass.
export function tileSplatting<Rows>(
  c: usize,
  ldc: usize,
  panel: usize,
  a: usize,
  rowStep: usize,
  depthStep: usize,
  b: usize,
  k: u32,
  add: bool,
): void {
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
    x2 = v128.load(c + c2);
    y2 = v128.load(c + c2, 16);
    x3 = v128.load(c + c2 + ldc);
    y3 = v128.load(c + c2 + ldc, 16);
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
    x0 = Lanes.madd(s, u, x0);
    y0 = Lanes.madd(s, v, y0);
    s = v128.load32_splat(a + rowStep);
    v128.store(panel, s, 16);
    x1 = Lanes.madd(s, u, x1);
    y1 = Lanes.madd(s, v, y1);
    s = v128.load32_splat(a + a2);
    v128.store(panel, s, 32);
    x2 = Lanes.madd(s, u, x2);
    y2 = Lanes.madd(s, v, y2);
    s = v128.load32_splat(a + a3);
    v128.store(panel, s, 48);
    x3 = Lanes.madd(s, u, x3);
    y3 = Lanes.madd(s, v, y3);
    if (offsetof<Rows>() > 4) {
      s = v128.load32_splat(a + a4);
      v128.store(panel, s, 64);
      x4 = Lanes.madd(s, u, x4);
      y4 = Lanes.madd(s, v, y4);
    }
    a += depthStep;
    b += 32;
    panel += offsetof<Rows>() << 4;
  } while (panel !== end);
  v128.store(c, x0);
  v128.store(c, y0, 16);
  v128.store(c + ldc, x1);
  v128.store(c + ldc, y1, 16);
  v128.store(c + c2, x2);
  v128.store(c + c2, y2, 16);
  v128.store(c + c2 + ldc, x3);
  v128.store(c + c2 + ldc, y3, 16);
  if (offsetof<Rows>() > 4) {
    v128.store(c + (c2 << 1), x4);
    v128.store(c + (c2 << 1), y4, 16);
  }
}

// The same for rows of A that are runs of floats: one address a row for four of k   k a multiple of 4, ≥ 4
export function tileSplattingRuns<Rows>(
  c: usize,
  ldc: usize,
  panel: usize,
  a: usize,
  rowStep: usize,
  b: usize,
  k: u32,
  add: bool,
): void {
  if (k === 0) return;
  // A splatting load takes no offset in V8: it adds it to the start of memory. Done here, the sums stay in registers.
  v128.load32_splat(a, 4);
  v128.load32_splat(a, 8);
  v128.load32_splat(a, 12);
  const bytes = k << 2;
  const end = a + bytes;
  const a2 = rowStep << 1;
  const a4 = rowStep << 2;
  const c1 = ldc;
  const c2 = ldc << 1;
  const c3 = c2 + ldc;
  const c4 = ldc << 2;
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
    x1 = v128.load(c + c1);
    y1 = v128.load(c + c1, 16);
    x2 = v128.load(c + c2);
    y2 = v128.load(c + c2, 16);
    x3 = v128.load(c + c3);
    y3 = v128.load(c + c3, 16);
    if (offsetof<Rows>() > 4) {
      x4 = v128.load(c + c4);
      y4 = v128.load(c + c4, 16);
    }
  }
  let p = end - bytes;
  let q = b;
  do {
    const p1 = p + rowStep;
    const p2 = p + a2;
    const p3 = p1 + a2;
    const p4 = p + a4;
    // unroll
    for (let i = 0; i < 4; ++i) {
      const u = v128.load(q, 32 * i);
      const v = v128.load(q, 32 * i + 16);
      let s: v128;
      let t: v128;
      s = v128.load32_splat(p, 4 * i);
      v128.store(panel, s, (i * offsetof<Rows>() + 0) << 4);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x0 = Step.plus(k, x0, t, u);
      y0 = Step.plus(k, y0, s, v);
      s = v128.load32_splat(p1, 4 * i);
      v128.store(panel, s, (i * offsetof<Rows>() + 1) << 4);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x1 = Step.plus(k, x1, t, u);
      y1 = Step.plus(k, y1, s, v);
      s = v128.load32_splat(p2, 4 * i);
      v128.store(panel, s, (i * offsetof<Rows>() + 2) << 4);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x2 = Step.plus(k, x2, t, u);
      y2 = Step.plus(k, y2, s, v);
      s = v128.load32_splat(p3, 4 * i);
      v128.store(panel, s, (i * offsetof<Rows>() + 3) << 4);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x3 = Step.plus(k, x3, t, u);
      y3 = Step.plus(k, y3, s, v);
      if (offsetof<Rows>() > 4) {
        s = v128.load32_splat(p4, 4 * i);
        v128.store(panel, s, (i * offsetof<Rows>() + 4) << 4);
        t = Step.times(k, s, u);
        s = Step.times(k, s, v);
        x4 = Step.plus(k, x4, t, u);
        y4 = Step.plus(k, y4, s, v);
      }
    }
    p += 16;
    q += 128;
    panel += offsetof<Rows>() << 6;
  } while (p !== end);
  v128.store(c, x0);
  v128.store(c, y0, 16);
  v128.store(c + c1, x1);
  v128.store(c + c1, y1, 16);
  v128.store(c + c2, x2);
  v128.store(c + c2, y2, 16);
  v128.store(c + c3, x3);
  v128.store(c + c3, y3, 16);
  if (offsetof<Rows>() > 4) {
    v128.store(c + c4, x4);
    v128.store(c + c4, y4, 16);
  }
}
