/**
 * Register tile of convolution with four images as lanes: 4 pixels by 2 columns, accumulated over the whole depth.
 * Place: called by lanes.ts. Invariant: as in row-tiles.ts, one accumulator per element over the depth ascending.
 *
 * Measured on Zen 4, where six instructions a cycle are the limit: neighbouring pixels are neighbouring vectors, so their loads
 * have constant offsets (a depth's two halves of a loop save a tenth), and beside 8 sums there are registers for two weights, a pixel and two products.
 */
import { Step } from "../gemm/step";

/** Where a tile reads: `rows` × `outer` × `inner` vectors, and two weights (each four equal floats) for every one. */
// c[image][4 pixels][2] = max(bias[2] + Σ a·w, bound)   steps in bytes; imageStep: from image to image of c; overwrites c
// biome-ignore format: as the calls
export function lanesTile(
  c: usize, pixelStep: usize, imageStep: usize, a: usize, rows: u32, rowStep: usize,
  outer: u32, outerStep: usize, inner: u32, innerStep: usize, w: usize, wRow: usize, bias: usize, bound: f32,
): void {
  const k = inner;
  if (k === 0) return;
  let x0 = f32x4.splat(0);
  let y0 = x0;
  let x1 = x0;
  let y1 = x0;
  let x2 = x0;
  let y2 = x0;
  let x3 = x0;
  let y3 = x0;
  for (; rows; --rows) {
    let start = a;
    let q = w;
    for (let o = outer; o; --o) {
      let p = start;
      for (let i = inner >> 1; i; --i) {
        let s = v128.load(q);
        let r = v128.load(q, 16);
        let u = v128.load(p);
        let t = Step.times(k, s, u);
        let z = Step.times(k, r, u);
        x0 = Step.plus(k, x0, t, u);
        y0 = Step.plus(k, y0, z, u);
        u = v128.load(p, 16);
        t = Step.times(k, s, u);
        z = Step.times(k, r, u);
        x1 = Step.plus(k, x1, t, u);
        y1 = Step.plus(k, y1, z, u);
        u = v128.load(p, 32);
        t = Step.times(k, s, u);
        z = Step.times(k, r, u);
        x2 = Step.plus(k, x2, t, u);
        y2 = Step.plus(k, y2, z, u);
        u = v128.load(p, 48);
        t = Step.times(k, s, u);
        z = Step.times(k, r, u);
        x3 = Step.plus(k, x3, t, u);
        y3 = Step.plus(k, y3, z, u);
        p += innerStep;
        s = v128.load(q, 32);
        r = v128.load(q, 48);
        u = v128.load(p);
        t = Step.times(k, s, u);
        z = Step.times(k, r, u);
        x0 = Step.plus(k, x0, t, u);
        y0 = Step.plus(k, y0, z, u);
        u = v128.load(p, 16);
        t = Step.times(k, s, u);
        z = Step.times(k, r, u);
        x1 = Step.plus(k, x1, t, u);
        y1 = Step.plus(k, y1, z, u);
        u = v128.load(p, 32);
        t = Step.times(k, s, u);
        z = Step.times(k, r, u);
        x2 = Step.plus(k, x2, t, u);
        y2 = Step.plus(k, y2, z, u);
        u = v128.load(p, 48);
        t = Step.times(k, s, u);
        z = Step.times(k, r, u);
        x3 = Step.plus(k, x3, t, u);
        y3 = Step.plus(k, y3, z, u);
        p += innerStep;
        q += 64;
      }
      if (inner & 1) {
        const s = v128.load(q);
        const r = v128.load(q, 16);
        let u = v128.load(p);
        let t = Step.times(k, s, u);
        let z = Step.times(k, r, u);
        x0 = Step.plus(k, x0, t, u);
        y0 = Step.plus(k, y0, z, u);
        u = v128.load(p, 16);
        t = Step.times(k, s, u);
        z = Step.times(k, r, u);
        x1 = Step.plus(k, x1, t, u);
        y1 = Step.plus(k, y1, z, u);
        u = v128.load(p, 32);
        t = Step.times(k, s, u);
        z = Step.times(k, r, u);
        x2 = Step.plus(k, x2, t, u);
        y2 = Step.plus(k, y2, z, u);
        u = v128.load(p, 48);
        t = Step.times(k, s, u);
        z = Step.times(k, r, u);
        x3 = Step.plus(k, x3, t, u);
        y3 = Step.plus(k, y3, z, u);
        q += 32;
      }
      start += outerStep;
    }
    a += rowStep;
    w += wRow;
  }
  const floor = f32x4.splat(bound);
  const bx = v128.load(bias);
  const by = v128.load(bias, 16);
  // pmax keeps a NaN in its first operand
  Pair.store(c, imageStep, f32x4.pmax(f32x4.add(x0, bx), floor), f32x4.pmax(f32x4.add(y0, by), floor));
  c += pixelStep;
  Pair.store(c, imageStep, f32x4.pmax(f32x4.add(x1, bx), floor), f32x4.pmax(f32x4.add(y1, by), floor));
  c += pixelStep;
  Pair.store(c, imageStep, f32x4.pmax(f32x4.add(x2, bx), floor), f32x4.pmax(f32x4.add(y2, by), floor));
  c += pixelStep;
  Pair.store(c, imageStep, f32x4.pmax(f32x4.add(x3, bx), floor), f32x4.pmax(f32x4.add(y3, by), floor));
}

class Pair {
  // Two columns of a pixel, to each of the four images.
  // @ts-expect-error: decorator
  @inline
  static store(c: usize, imageStep: usize, x: v128, y: v128): void {
    const low = v128.shuffle<f32>(x, y, 0, 4, 1, 5);
    const high = v128.shuffle<f32>(x, y, 2, 6, 3, 7);
    v128.store64_lane(c, low, 0);
    v128.store64_lane(c + imageStep, low, 1);
    c += imageStep << 1;
    v128.store64_lane(c, high, 0);
    v128.store64_lane(c + imageStep, high, 1);
  }
}
