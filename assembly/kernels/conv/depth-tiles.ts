/**
 * Register tile of gradients of weights: 4 consecutive floats of an image times 8 of dy, summed over pixels.
 * Place: called by weight-grad drivers; Winograd's too. Invariant: as in row-tiles.ts.
 *
 * Measured on Zen 4: stepping the base and offsets for the rows runs at 84 to 90 % of the peak, one base with larger
 * offsets at 78 %.
 */
import { Step } from "../gemm/step";

// c[4, 8] += Σ over height × width of a[4]ᵀ · b[8]   a and b: consecutive floats at (y·aRow + x·aStep, y·bRow + x·bStep);
// steps in bytes; width ≥ 1
export function depthTile(
  c: usize,
  cStep: usize,
  aLine: usize,
  aRow: usize,
  aStep: usize,
  bLine: usize,
  bRow: usize,
  bStep: usize,
  height: u32,
  width: u32,
): void {
  const k = width;
  if (k === 0) return;
  const c2 = c + (cStep << 1);
  let x0 = v128.load(c);
  let y0 = v128.load(c, 16);
  let x1 = v128.load(c + cStep);
  let y1 = v128.load(c + cStep, 16);
  let x2 = v128.load(c2);
  let y2 = v128.load(c2, 16);
  let x3 = v128.load(c2 + cStep);
  let y3 = v128.load(c2 + cStep, 16);
  const fours = width >> 2;
  const ones = width & 3;
  for (; height; --height) {
    let a = aLine;
    let b = bLine;
    for (let i = fours; i; --i) {
      let u = v128.load(b);
      let v = v128.load(b, 16);
      let s = v128.load32_splat(a);
      let t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x0 = Step.plus(k, x0, t, u);
      y0 = Step.plus(k, y0, s, v);
      s = v128.load32_splat(a, 4);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x1 = Step.plus(k, x1, t, u);
      y1 = Step.plus(k, y1, s, v);
      s = v128.load32_splat(a, 8);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x2 = Step.plus(k, x2, t, u);
      y2 = Step.plus(k, y2, s, v);
      s = v128.load32_splat(a, 12);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x3 = Step.plus(k, x3, t, u);
      y3 = Step.plus(k, y3, s, v);
      a += aStep;
      b += bStep;
      u = v128.load(b);
      v = v128.load(b, 16);
      s = v128.load32_splat(a);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x0 = Step.plus(k, x0, t, u);
      y0 = Step.plus(k, y0, s, v);
      s = v128.load32_splat(a, 4);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x1 = Step.plus(k, x1, t, u);
      y1 = Step.plus(k, y1, s, v);
      s = v128.load32_splat(a, 8);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x2 = Step.plus(k, x2, t, u);
      y2 = Step.plus(k, y2, s, v);
      s = v128.load32_splat(a, 12);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x3 = Step.plus(k, x3, t, u);
      y3 = Step.plus(k, y3, s, v);
      a += aStep;
      b += bStep;
      u = v128.load(b);
      v = v128.load(b, 16);
      s = v128.load32_splat(a);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x0 = Step.plus(k, x0, t, u);
      y0 = Step.plus(k, y0, s, v);
      s = v128.load32_splat(a, 4);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x1 = Step.plus(k, x1, t, u);
      y1 = Step.plus(k, y1, s, v);
      s = v128.load32_splat(a, 8);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x2 = Step.plus(k, x2, t, u);
      y2 = Step.plus(k, y2, s, v);
      s = v128.load32_splat(a, 12);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x3 = Step.plus(k, x3, t, u);
      y3 = Step.plus(k, y3, s, v);
      a += aStep;
      b += bStep;
      u = v128.load(b);
      v = v128.load(b, 16);
      s = v128.load32_splat(a);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x0 = Step.plus(k, x0, t, u);
      y0 = Step.plus(k, y0, s, v);
      s = v128.load32_splat(a, 4);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x1 = Step.plus(k, x1, t, u);
      y1 = Step.plus(k, y1, s, v);
      s = v128.load32_splat(a, 8);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x2 = Step.plus(k, x2, t, u);
      y2 = Step.plus(k, y2, s, v);
      s = v128.load32_splat(a, 12);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x3 = Step.plus(k, x3, t, u);
      y3 = Step.plus(k, y3, s, v);
      a += aStep;
      b += bStep;
    }
    for (let i = ones; i; --i) {
      const u = v128.load(b);
      const v = v128.load(b, 16);
      let s = v128.load32_splat(a);
      let t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x0 = Step.plus(k, x0, t, u);
      y0 = Step.plus(k, y0, s, v);
      s = v128.load32_splat(a, 4);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x1 = Step.plus(k, x1, t, u);
      y1 = Step.plus(k, y1, s, v);
      s = v128.load32_splat(a, 8);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x2 = Step.plus(k, x2, t, u);
      y2 = Step.plus(k, y2, s, v);
      s = v128.load32_splat(a, 12);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x3 = Step.plus(k, x3, t, u);
      y3 = Step.plus(k, y3, s, v);
      a += aStep;
      b += bStep;
    }
    aLine += aRow;
    bLine += bRow;
  }
  v128.store(c, x0);
  v128.store(c, y0, 16);
  v128.store(c + cStep, x1);
  v128.store(c + cStep, y1, 16);
  v128.store(c2, x2);
  v128.store(c2, y2, 16);
  v128.store(c2 + cStep, x3);
  v128.store(c2 + cStep, y3, 16);
}
