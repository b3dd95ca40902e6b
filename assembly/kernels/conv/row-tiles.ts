/**
 * Register tile of convolution: 4 or 5 pixels by 8 columns, accumulated in registers over the whole depth.
 * Place: called by the drivers beside it; Winograd's products run in them too.
 * Invariant: each element is one accumulator over the depth ascending, so tile positions never change bits.
 *
 * Measured on Zen 4, where six instructions a cycle are the limit: offsets of an unrolled run fold into the splatting
 * load as long as its base stays (90 % of the peak at depth 288, 70 % with a step each time); 6 rows spill.
 */
import { Rows4, Rows5, Step } from "../gemm/step";

// c[R·tiles, 8] = max(bias[8] + Σ a·b, bound), or Σ a·b alone where bias is 0   R = 4, 5. Row r of the tile reads tileBase + r·aStep; the depth is kernelH × kernelW runs of
// `run` floats, yStep and xStep bytes apart; b: [depth][8]; steps in bytes; run ≥ 1; overwrites c
function rowTiles<Rows>(
  c: usize,
  cStep: usize,
  tileBase: usize,
  aStep: usize,
  tiles: u32,
  kernelH: u32,
  yStep: usize,
  kernelW: u32,
  xStep: usize,
  run: u32,
  panel: usize,
  bias: usize,
  bound: f32,
): void {
  const k = run;
  if (k === 0) return;
  const floor = f32x4.splat(bound);
  const a2 = aStep << 1;
  const a3 = a2 + aStep;
  const fours = run >> 2;
  const ones = run & 3;
  const a4 = aStep << 2;
  const tileStep = aStep * offsetof<Rows>();
  for (; tiles; --tiles) {
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
    let b = panel;
    let rowOf = tileBase;
    for (let ky = kernelH; ky; --ky) {
      let runOf = rowOf;
      for (let kx = kernelW; kx; --kx) {
        let a = runOf;
        for (let i = fours; i; --i) {
          // unroll
          for (let d = 0; d < 4; ++d) {
            const u = v128.load(b, 32 * d);
            const v = v128.load(b, 32 * d + 16);
            let s: v128;
            let t: v128;
            s = v128.load32_splat(a, 4 * d);
            t = Step.times(k, s, u);
            s = Step.times(k, s, v);
            x0 = Step.plus(k, x0, t, u);
            y0 = Step.plus(k, y0, s, v);
            s = v128.load32_splat(a + aStep, 4 * d);
            t = Step.times(k, s, u);
            s = Step.times(k, s, v);
            x1 = Step.plus(k, x1, t, u);
            y1 = Step.plus(k, y1, s, v);
            s = v128.load32_splat(a + a2, 4 * d);
            t = Step.times(k, s, u);
            s = Step.times(k, s, v);
            x2 = Step.plus(k, x2, t, u);
            y2 = Step.plus(k, y2, s, v);
            s = v128.load32_splat(a + a3, 4 * d);
            t = Step.times(k, s, u);
            s = Step.times(k, s, v);
            x3 = Step.plus(k, x3, t, u);
            y3 = Step.plus(k, y3, s, v);
            if (offsetof<Rows>() > 4) {
              s = v128.load32_splat(a + a4, 4 * d);
              t = Step.times(k, s, u);
              s = Step.times(k, s, v);
              x4 = Step.plus(k, x4, t, u);
              y4 = Step.plus(k, y4, s, v);
            }
          }
          a += 16;
          b += 128;
        }
        for (let i = ones; i; --i) {
          const u = v128.load(b, 0);
          const v = v128.load(b, 16);
          let s = v128.load32_splat(a);
          let t = Step.times(k, s, u);
          s = Step.times(k, s, v);
          x0 = Step.plus(k, x0, t, u);
          y0 = Step.plus(k, y0, s, v);
          s = v128.load32_splat(a + aStep);
          t = Step.times(k, s, u);
          s = Step.times(k, s, v);
          x1 = Step.plus(k, x1, t, u);
          y1 = Step.plus(k, y1, s, v);
          s = v128.load32_splat(a + a2);
          t = Step.times(k, s, u);
          s = Step.times(k, s, v);
          x2 = Step.plus(k, x2, t, u);
          y2 = Step.plus(k, y2, s, v);
          s = v128.load32_splat(a + a3);
          t = Step.times(k, s, u);
          s = Step.times(k, s, v);
          x3 = Step.plus(k, x3, t, u);
          y3 = Step.plus(k, y3, s, v);
          if (offsetof<Rows>() > 4) {
            s = v128.load32_splat(a + a4);
            t = Step.times(k, s, u);
            s = Step.times(k, s, v);
            x4 = Step.plus(k, x4, t, u);
            y4 = Step.plus(k, y4, s, v);
          }
          a += 4;
          b += 32;
        }
        runOf += xStep;
      }
      rowOf += yStep;
    }
    // The sums are stored in both branches: as variables that leave one, V8 would spill them.
    if (bias) {
      const u = v128.load(bias);
      const v = v128.load(bias, 16);
      // pmax keeps a NaN in its first operand
      v128.store(c, f32x4.pmax(f32x4.add(x0, u), floor));
      v128.store(c, f32x4.pmax(f32x4.add(y0, v), floor), 16);
      c += cStep;
      v128.store(c, f32x4.pmax(f32x4.add(x1, u), floor));
      v128.store(c, f32x4.pmax(f32x4.add(y1, v), floor), 16);
      c += cStep;
      v128.store(c, f32x4.pmax(f32x4.add(x2, u), floor));
      v128.store(c, f32x4.pmax(f32x4.add(y2, v), floor), 16);
      c += cStep;
      v128.store(c, f32x4.pmax(f32x4.add(x3, u), floor));
      v128.store(c, f32x4.pmax(f32x4.add(y3, v), floor), 16);
      c += cStep;
      if (offsetof<Rows>() > 4) {
        v128.store(c, f32x4.pmax(f32x4.add(x4, u), floor));
        v128.store(c, f32x4.pmax(f32x4.add(y4, v), floor), 16);
        c += cStep;
      }
    } else {
      v128.store(c, x0);
      v128.store(c, y0, 16);
      c += cStep;
      v128.store(c, x1);
      v128.store(c, y1, 16);
      c += cStep;
      v128.store(c, x2);
      v128.store(c, y2, 16);
      c += cStep;
      v128.store(c, x3);
      v128.store(c, y3, 16);
      c += cStep;
      if (offsetof<Rows>() > 4) {
        v128.store(c, x4);
        v128.store(c, y4, 16);
        c += cStep;
      }
    }
    tileBase += tileStep;
  }
}

// The same for pixels ≥ 4, in tiles of 5 and 4 rows. What neither divides is overlapped: the same bits are written twice.
export function rowTilesOf(
  c: usize,
  cStep: usize,
  a: usize,
  aStep: usize,
  pixels: u32,
  kernelH: u32,
  yStep: usize,
  kernelW: u32,
  xStep: usize,
  run: u32,
  panel: usize,
  bias: usize,
  bound: f32,
): void {
  const tiles = (pixels + 4) / 5;
  const fives = <i32>(pixels - (tiles << 2));
  if (fives > 0) {
    rowTiles<Rows5>(c, cStep, a, aStep, fives, kernelH, yStep, kernelW, xStep, run, panel, bias, bound);
    c += cStep * 5 * fives;
    a += aStep * 5 * fives;
    pixels -= 5 * fives;
  }
  rowTiles<Rows4>(c, cStep, a, aStep, pixels >> 2, kernelH, yStep, kernelW, xStep, run, panel, bias, bound);
  if (pixels & 3) {
    c += cStep * (pixels - 4);
    a += aStep * (pixels - 4);
    rowTiles<Rows4>(c, cStep, a, aStep, 1, kernelH, yStep, kernelW, xStep, run, panel, bias, bound);
  }
}
