/**
 * Register tile of gradients of weights with four images as lanes: 4 or 5 consecutive vectors of an image times a pair of dy.
 * Place: called by lanes-weight-grad.ts. Invariant: each lane of each element is one accumulator over the pixels ascending.
 *
 * Measured on Zen 4: rows of 24 pixels run at 89 % of the peak with 5 rows and 84 % with 4, rows of 8 at 75 %, unrolled once
 * at 74 %; 3 × 3 vectors of dy, which spill nothing either, 83 %.
 */
import { Rows4, Rows5, Step } from "../gemm/step";

// c[R][2] += Σ over height × width of a[R]ᵀ · b[2], lane by lane   R = 4, 5;   a: R consecutive vectors at y·aRow + x·aStep,
// b: [height][width][2]; steps in bytes; width ≥ 1
export function lanesSumTile<Rows>(
  c: usize,
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  height: u32,
  width: u32,
): void {
  const k = width;
  if (k === 0) return;
  let x0 = v128.load(c);
  let y0 = v128.load(c, 16);
  let x1 = v128.load(c, 32);
  let y1 = v128.load(c, 48);
  let x2 = v128.load(c, 64);
  let y2 = v128.load(c, 80);
  let x3 = v128.load(c, 96);
  let y3 = v128.load(c, 112);
  let x4 = x3;
  let y4 = x3;
  if (offsetof<Rows>() > 4) {
    x4 = v128.load(c, 128);
    y4 = v128.load(c, 144);
  }
  const fours = width >> 2;
  const ones = width & 3;
  const rest = aRow - aStep * width;
  for (; height; --height) {
    for (let i = fours; i; --i) {
      // unroll
      for (let j = 0; j < 4; ++j) {
        const u = v128.load(b, 32 * j);
        const v = v128.load(b, 32 * j + 16);
        let s: v128;
        let t: v128;
        s = v128.load(a);
        t = Step.times(k, s, u);
        s = Step.times(k, s, v);
        x0 = Step.plus(k, x0, t, u);
        y0 = Step.plus(k, y0, s, v);
        s = v128.load(a, 16);
        t = Step.times(k, s, u);
        s = Step.times(k, s, v);
        x1 = Step.plus(k, x1, t, u);
        y1 = Step.plus(k, y1, s, v);
        s = v128.load(a, 32);
        t = Step.times(k, s, u);
        s = Step.times(k, s, v);
        x2 = Step.plus(k, x2, t, u);
        y2 = Step.plus(k, y2, s, v);
        s = v128.load(a, 48);
        t = Step.times(k, s, u);
        s = Step.times(k, s, v);
        x3 = Step.plus(k, x3, t, u);
        y3 = Step.plus(k, y3, s, v);
        if (offsetof<Rows>() > 4) {
          s = v128.load(a, 64);
          t = Step.times(k, s, u);
          s = Step.times(k, s, v);
          x4 = Step.plus(k, x4, t, u);
          y4 = Step.plus(k, y4, s, v);
        }
        a += aStep;
      }
      b += 128;
    }
    for (let i = ones; i; --i) {
      const u = v128.load(b);
      const v = v128.load(b, 16);
      let s = v128.load(a);
      let t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x0 = Step.plus(k, x0, t, u);
      y0 = Step.plus(k, y0, s, v);
      s = v128.load(a, 16);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x1 = Step.plus(k, x1, t, u);
      y1 = Step.plus(k, y1, s, v);
      s = v128.load(a, 32);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x2 = Step.plus(k, x2, t, u);
      y2 = Step.plus(k, y2, s, v);
      s = v128.load(a, 48);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x3 = Step.plus(k, x3, t, u);
      y3 = Step.plus(k, y3, s, v);
      if (offsetof<Rows>() > 4) {
        s = v128.load(a, 64);
        t = Step.times(k, s, u);
        s = Step.times(k, s, v);
        x4 = Step.plus(k, x4, t, u);
        y4 = Step.plus(k, y4, s, v);
      }
      a += aStep;
      b += 32;
    }
    a += rest;
  }
  v128.store(c, x0);
  v128.store(c, y0, 16);
  v128.store(c, x1, 32);
  v128.store(c, y1, 48);
  v128.store(c, x2, 64);
  v128.store(c, y2, 80);
  v128.store(c, x3, 96);
  v128.store(c, y3, 112);
  if (offsetof<Rows>() > 4) {
    v128.store(c, x4, 128);
    v128.store(c, y4, 144);
  }
}

// c[rows][2] += the same, in tiles of 5 and 4 rows; rows to the next multiple of 4 are read and written.
export function lanesSumTiles(
  c: usize,
  rows: u32,
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  height: u32,
  width: u32,
): void {
  const tiles = (rows + 4) / 5;
  let fives = <i32>(rows - (tiles << 2));
  for (let left = <i32>rows; left > 0; --fives) {
    const five = fives > 0;
    if (five) lanesSumTile<Rows5>(c, a, aRow, aStep, b, height, width);
    else lanesSumTile<Rows4>(c, a, aRow, aStep, b, height, width);
    const done = five ? 5 : 4;
    left -= done;
    c += done << 5;
    a += done << 4;
  }
}
