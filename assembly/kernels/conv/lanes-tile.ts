/**
 * Register tile of convolution with four images as lanes: 3 neighbouring vectors (pixels, or a pixel of twelve images) by 2 or 3
 * columns, over the whole depth.
 * Place: called by lanes.ts. Invariant: as in row-tiles.ts, one accumulator per element over the depth ascending.
 *
 * Measured on Zen 4, where six instructions a cycle are the limit: the loads of 3 neighbours have constant offsets, and the steps of
 * a run are unrolled by 2 (74 % of the peak, 65 if not, 72 by 4). Beside 9 sums there are registers for 3 weights, a vector and two
 * products. Weights are vectors of four equal floats: V8 adds a splat's offset by an instruction.
 */
import { Rows2, Rows3, Step } from "../gemm/step";
import { Tile } from "./lane-columns";

// c[lane][3 vectors][C] = max(bias[C] + Σ a·w, bound)   C = 2, 3 columns; steps in bytes, of c from lane to lane and from vector to
// vector; a: rows × outer × inner vectors and the 2 behind each; w: C vectors of four equal floats for every one; overwrites c
// biome-ignore format: as the calls
function lanesTile<Columns>(
  c: usize, laneStep: usize, vectorStep: usize, a: usize, rows: u32, rowStep: usize,
  outer: u32, outerStep: usize, inner: u32, innerStep: usize, w: usize, wRow: usize, bias: usize, bound: f32,
): void {
  const k = inner;
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
  const pairs = inner >> 1;
  for (; rows; --rows) {
    let start = a;
    let q = w;
    for (let j = outer; j; --j) {
      let p = start;
      for (let i = pairs; i; --i) {
        // unroll
        for (let d = 0; d < 2; ++d) {
          const s = v128.load(q, (d * offsetof<Columns>()) << 4);
          const r = v128.load(q, (d * offsetof<Columns>() + 1) << 4);
          const o = offsetof<Columns>() > 2 ? v128.load(q, (d * offsetof<Columns>() + 2) << 4) : s;
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
          p += innerStep;
        }
        q += offsetof<Columns>() << 5;
      }
      if (inner & 1) {
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
      start += outerStep;
    }
    a += rowStep;
    w += wRow;
  }
  const floor = f32x4.splat(bound);
  Tile.pair(c, laneStep, vectorStep, bias, floor, x0, y0, x1, y1, x2, y2);
  if (offsetof<Columns>() > 2) Tile.third(c, laneStep, vectorStep, bias, floor, z0, z1, z2);
}

// The same for `columns` = 3 or 2
// biome-ignore format: as the calls
export function lanesTileOf(
  columns: u32, c: usize, laneStep: usize, vectorStep: usize, a: usize, rows: u32, rowStep: usize, outer: u32, outerStep: usize,
  inner: u32, innerStep: usize, w: usize, wRow: usize, bias: usize, bound: f32,
): void {
  if (columns === 3)
    lanesTile<Rows3>(c, laneStep, vectorStep, a, rows, rowStep, outer, outerStep, inner, innerStep, w, wRow, bias, bound);
  else lanesTile<Rows2>(c, laneStep, vectorStep, a, rows, rowStep, outer, outerStep, inner, innerStep, w, wRow, bias, bound);
}
