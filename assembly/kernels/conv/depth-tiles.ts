/**
 * Register tile of gradients of weights: 4 or 5 consecutive floats of an image times 8 of dy, or as many vectors of four images times
 * two, summed over pixels.
 * Place: called by weight-grad drivers; Winograd's too. Invariant: as in row-tiles.ts, of four images for every lane.
 *
 * Measured on Zen 4: stepping the base and offsets for the rows runs at 84 to 90 % of the peak, one base with larger
 * offsets at 78 %. Vectors of four images: 91 % in LeNet's shapes. The pixels are unrolled by 4: by 2, 3 to 6 points less, by 8 none more.
 */
import { Rows4, Rows5, Step } from "../gemm/step";

// What one step of a is: a float, which is splatted, or a vector of four images.
@unmanaged
class Float {
  a: f32;
}
@unmanaged
class Quad {
  a: v128;
}

// c[R, 8] += Σ over height × width of a[R]ᵀ · b[8]   R = 4, 5;   a and b: consecutive floats at (y·aRow + x·aStep, y·bRow + x·bStep);
// steps in bytes; width ≥ 1. Of Quads: c and b are two vectors, a is R vectors, and the vectors of b follow each other.
function depthTile<Rows, Source>(
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
  let x4 = x3;
  let y4 = x3;
  if (offsetof<Rows>() > 4) {
    x4 = v128.load(c2 + cStep + cStep);
    y4 = v128.load(c2 + cStep + cStep, 16);
  }
  const fours = width >> 2;
  const ones = width & 3;
  for (; height; --height) {
    let a = aLine;
    let b = bLine;
    for (let i = fours; i; --i) {
      // unroll
      for (let j = 0; j < 4; ++j) {
        const u = offsetof<Source>() === 4 ? v128.load(b) : v128.load(b, 32 * j);
        const v = offsetof<Source>() === 4 ? v128.load(b, 16) : v128.load(b, 32 * j + 16);
        let s: v128;
        let t: v128;
        s = offsetof<Source>() === 4 ? v128.load32_splat(a) : v128.load(a);
        t = Step.times(k, s, u);
        s = Step.times(k, s, v);
        x0 = Step.plus(k, x0, t, u);
        y0 = Step.plus(k, y0, s, v);
        s = offsetof<Source>() === 4 ? v128.load32_splat(a, 4) : v128.load(a, 16);
        t = Step.times(k, s, u);
        s = Step.times(k, s, v);
        x1 = Step.plus(k, x1, t, u);
        y1 = Step.plus(k, y1, s, v);
        s = offsetof<Source>() === 4 ? v128.load32_splat(a, 8) : v128.load(a, 32);
        t = Step.times(k, s, u);
        s = Step.times(k, s, v);
        x2 = Step.plus(k, x2, t, u);
        y2 = Step.plus(k, y2, s, v);
        s = offsetof<Source>() === 4 ? v128.load32_splat(a, 12) : v128.load(a, 48);
        t = Step.times(k, s, u);
        s = Step.times(k, s, v);
        x3 = Step.plus(k, x3, t, u);
        y3 = Step.plus(k, y3, s, v);
        if (offsetof<Rows>() > 4) {
          s = offsetof<Source>() === 4 ? v128.load32_splat(a, 16) : v128.load(a, 64);
          t = Step.times(k, s, u);
          s = Step.times(k, s, v);
          x4 = Step.plus(k, x4, t, u);
          y4 = Step.plus(k, y4, s, v);
        }
        a += aStep;
        if (offsetof<Source>() === 4) b += bStep;
      }
      if (offsetof<Source>() !== 4) b += 128;
    }
    for (let i = ones; i; --i) {
      const u = v128.load(b);
      const v = v128.load(b, 16);
      let s = offsetof<Source>() === 4 ? v128.load32_splat(a) : v128.load(a);
      let t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x0 = Step.plus(k, x0, t, u);
      y0 = Step.plus(k, y0, s, v);
      s = offsetof<Source>() === 4 ? v128.load32_splat(a, 4) : v128.load(a, 16);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x1 = Step.plus(k, x1, t, u);
      y1 = Step.plus(k, y1, s, v);
      s = offsetof<Source>() === 4 ? v128.load32_splat(a, 8) : v128.load(a, 32);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x2 = Step.plus(k, x2, t, u);
      y2 = Step.plus(k, y2, s, v);
      s = offsetof<Source>() === 4 ? v128.load32_splat(a, 12) : v128.load(a, 48);
      t = Step.times(k, s, u);
      s = Step.times(k, s, v);
      x3 = Step.plus(k, x3, t, u);
      y3 = Step.plus(k, y3, s, v);
      if (offsetof<Rows>() > 4) {
        s = offsetof<Source>() === 4 ? v128.load32_splat(a, 16) : v128.load(a, 64);
        t = Step.times(k, s, u);
        s = Step.times(k, s, v);
        x4 = Step.plus(k, x4, t, u);
        y4 = Step.plus(k, y4, s, v);
      }
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
  if (offsetof<Rows>() > 4) {
    v128.store(c2 + cStep + cStep, x4);
    v128.store(c2 + cStep + cStep, y4, 16);
  }
}

// c[rows, columns] += the same for all rows of a and columns of b, in tiles of 5 and 4 rows; rows to the next multiple of
// 4 and columns of 8 are read and written. The order of tiles: columns within rows.
export function depthTiles(
  c: usize,
  cStep: usize,
  rows: u32,
  columns: u32,
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bRow: usize,
  bStep: usize,
  height: u32,
  width: u32,
): void {
  const tiles = (rows + 4) / 5;
  let fives = <i32>(rows - (tiles << 2));
  const columnBytes = columns << 2;
  for (let left = <i32>rows; left > 0; --fives) {
    const five = fives > 0;
    for (let j: usize = 0; j < columnBytes; j += 32) {
      if (five) depthTile<Rows5, Float>(c + j, cStep, a, aRow, aStep, b + j, bRow, bStep, height, width);
      else depthTile<Rows4, Float>(c + j, cStep, a, aRow, aStep, b + j, bRow, bStep, height, width);
    }
    const done = five ? 5 : 4;
    left -= done;
    c += cStep * done;
    a += done << 2;
  }
}

// c[rows][2] += the same lane by lane, of four images as lanes: a and b: vectors, b [height][width][2]; rows to the next multiple of 4 are read
// and written
export function laneTiles(
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
  const bRow = (<usize>width) << 5;
  for (let left = <i32>rows; left > 0; --fives) {
    const five = fives > 0;
    if (five) depthTile<Rows5, Quad>(c, 32, a, aRow, aStep, b, bRow, 32, height, width);
    else depthTile<Rows4, Quad>(c, 32, a, aRow, aStep, b, bRow, 32, height, width);
    const done = five ? 5 : 4;
    left -= done;
    c += done << 5;
    a += done << 4;
  }
}
