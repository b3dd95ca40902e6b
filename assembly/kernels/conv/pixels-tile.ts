/**
 * Register tile of convolution with four pixels as lanes: 12 neighbouring pixels of one channel by 2 or 3 columns, over the window.
 * Place: called by pixels.ts. Invariant: as in row-tiles.ts, one accumulator per element over the window ascending.
 *
 * Rows of 5 and 3 taps are written out: in lanes-tile.ts's loop, whose control V8 spends as many instructions on as on the
 * loads, LeNet's first convolution ran at 57 % of the peak instead of 66.
 */
import { Rows2, Rows3, Step } from "../gemm/step";
import { columnsOf, Tile } from "./lane-columns";

// c[12 pixels][C] = max(bias[C] + Σ a·w, bound)   C = 2, 3 columns; pixelStep: of c; a: [kernelH rows, rowStep bytes apart][kernelW taps
// and the 11 floats behind]; w: [kernelH][kernelW][C][4 equal]; kernelW ≥ 1; overwrites c
// biome-ignore format: as the calls
function pixelsTile<Columns>(
  c: usize, pixelStep: usize, a: usize, kernelH: u32, rowStep: usize, kernelW: u32, w: usize, bias: usize, bound: f32,
): void {
  const k = kernelW;
  if (k === 0) return;
  let x0 = f32x4.splat(0);
  let y0 = x0;
  let z0 = x0;
  let x1 = x0;
  let y1 = x0;
  let z1 = x0;
  let x2 = x0;
  let y2 = x0;
  let z2 = x0;
  let q = w;
  for (; kernelH; --kernelH) {
    let p = a;
    let left = kernelW;
    for (; left >= 3; left -= 3) {
      // unroll
      for (let i = 0; i < 3; ++i) {
        const s = v128.load(q, (i * offsetof<Columns>()) << 4);
        const r = v128.load(q, (i * offsetof<Columns>() + 1) << 4);
        const o = offsetof<Columns>() > 2 ? v128.load(q, (i * offsetof<Columns>() + 2) << 4) : s;
        let u = v128.load(p, 4 * i);
        let t = Step.times(k, s, u);
        let v = Step.times(k, r, u);
        if (offsetof<Columns>() > 2) {
          const z = Step.times(k, o, u);
          z0 = Step.plus(k, z0, z, u);
        }
        x0 = Step.plus(k, x0, t, u);
        y0 = Step.plus(k, y0, v, u);
        u = v128.load(p, 4 * i + 16);
        t = Step.times(k, s, u);
        v = Step.times(k, r, u);
        if (offsetof<Columns>() > 2) {
          const z = Step.times(k, o, u);
          z1 = Step.plus(k, z1, z, u);
        }
        x1 = Step.plus(k, x1, t, u);
        y1 = Step.plus(k, y1, v, u);
        u = v128.load(p, 4 * i + 32);
        t = Step.times(k, s, u);
        v = Step.times(k, r, u);
        if (offsetof<Columns>() > 2) {
          const z = Step.times(k, o, u);
          z2 = Step.plus(k, z2, z, u);
        }
        x2 = Step.plus(k, x2, t, u);
        y2 = Step.plus(k, y2, v, u);
      }
      p += 12;
      q += offsetof<Columns>() * 48;
    }
    if (left > 1) {
      // unroll
      for (let i = 0; i < 2; ++i) {
        const s = v128.load(q, (i * offsetof<Columns>()) << 4);
        const r = v128.load(q, (i * offsetof<Columns>() + 1) << 4);
        const o = offsetof<Columns>() > 2 ? v128.load(q, (i * offsetof<Columns>() + 2) << 4) : s;
        let u = v128.load(p, 4 * i);
        let t = Step.times(k, s, u);
        let v = Step.times(k, r, u);
        if (offsetof<Columns>() > 2) {
          const z = Step.times(k, o, u);
          z0 = Step.plus(k, z0, z, u);
        }
        x0 = Step.plus(k, x0, t, u);
        y0 = Step.plus(k, y0, v, u);
        u = v128.load(p, 4 * i + 16);
        t = Step.times(k, s, u);
        v = Step.times(k, r, u);
        if (offsetof<Columns>() > 2) {
          const z = Step.times(k, o, u);
          z1 = Step.plus(k, z1, z, u);
        }
        x1 = Step.plus(k, x1, t, u);
        y1 = Step.plus(k, y1, v, u);
        u = v128.load(p, 4 * i + 32);
        t = Step.times(k, s, u);
        v = Step.times(k, r, u);
        if (offsetof<Columns>() > 2) {
          const z = Step.times(k, o, u);
          z2 = Step.plus(k, z2, z, u);
        }
        x2 = Step.plus(k, x2, t, u);
        y2 = Step.plus(k, y2, v, u);
      }
      q += offsetof<Columns>() << 5;
    } else if (left) {
      const s = v128.load(q);
      const r = v128.load(q, 16);
      const o = offsetof<Columns>() > 2 ? v128.load(q, 32) : s;
      let u = v128.load(p);
      let t = Step.times(k, s, u);
      let v = Step.times(k, r, u);
      if (offsetof<Columns>() > 2) {
        const z = Step.times(k, o, u);
        z0 = Step.plus(k, z0, z, u);
      }
      x0 = Step.plus(k, x0, t, u);
      y0 = Step.plus(k, y0, v, u);
      u = v128.load(p, 16);
      t = Step.times(k, s, u);
      v = Step.times(k, r, u);
      if (offsetof<Columns>() > 2) {
        const z = Step.times(k, o, u);
        z1 = Step.plus(k, z1, z, u);
      }
      x1 = Step.plus(k, x1, t, u);
      y1 = Step.plus(k, y1, v, u);
      u = v128.load(p, 32);
      t = Step.times(k, s, u);
      v = Step.times(k, r, u);
      if (offsetof<Columns>() > 2) {
        const z = Step.times(k, o, u);
        z2 = Step.plus(k, z2, z, u);
      }
      x2 = Step.plus(k, x2, t, u);
      y2 = Step.plus(k, y2, v, u);
      q += offsetof<Columns>() << 4;
    }
    a += rowStep;
  }
  const laneStep = pixelStep;
  const vectorStep = pixelStep << 2;
  const floor = f32x4.splat(bound);
  Tile.pair(c, laneStep, vectorStep, bias, floor, x0, y0, x1, y1, x2, y2);
  if (offsetof<Columns>() > 2) Tile.third(c, laneStep, vectorStep, bias, floor, z0, z1, z2);
}

// The same for all columns, 3 and 2 at a time; `columns` ≥ 2. A column has wColumn bytes of weights.
// biome-ignore format: as the calls
export function pixelsTiles(
  columns: u32, c: usize, pixelStep: usize, a: usize, kernelH: u32, rowStep: usize, kernelW: u32,
  w: usize, wColumn: usize, bias: usize, bound: f32,
): void {
  while (columns) {
    const group = columnsOf(columns);
    if (group === 3) pixelsTile<Rows3>(c, pixelStep, a, kernelH, rowStep, kernelW, w, bias, bound);
    else pixelsTile<Rows2>(c, pixelStep, a, kernelH, rowStep, kernelW, w, bias, bound);
    columns -= group;
    c += group << 2;
    w += wColumn * group;
    bias += group << 4;
  }
}
