/**
 * Depthwise convolution: every channel has a kernel of its own, so channels are lanes and nothing is shared.
 * Place: called by the direct drivers in place of their register tiles. Invariant: the order of the sum is theirs.
 */
import { Lanes } from "../../simd/lanes";

// c[pixels, channels] = max(bias + Σ over kernelH × kernelW of a·w, bound)   channels: a multiple of 4; steps in bytes
export function depthwiseRow(
  c: usize,
  a: usize,
  aStep: usize,
  pixels: u32,
  kernelH: u32,
  yStep: usize,
  kernelW: u32,
  xStep: usize,
  weights: usize,
  tapStep: usize,
  channels: u32,
  bias: usize,
  bound: f32,
): void {
  const floor = f32x4.splat(bound);
  const end = channels << 2;
  for (; pixels; --pixels) {
    for (let j: usize = 0; j < end; j += 16) {
      let sum = f32x4.splat(0);
      let row = a + j;
      let w = weights + j;
      for (let ky = kernelH; ky; --ky) {
        let p = row;
        for (let kx = kernelW; kx; --kx) {
          sum = Lanes.madd(v128.load(p), v128.load(w), sum);
          p += xStep;
          w += tapStep;
        }
        row += yStep;
      }
      v128.store(c + j, f32x4.pmax(f32x4.add(sum, v128.load(bias + j)), floor));
    }
    c += end;
    a += aStep;
  }
}

// c[channels] += Σ over height × width of a·b   channels: a multiple of 4; steps in bytes
export function depthwiseSum(
  c: usize,
  channels: u32,
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bRow: usize,
  bStep: usize,
  height: u32,
  width: u32,
): void {
  const end = c + (channels << 2);
  for (; c < end; c += 16) {
    let sum = v128.load(c);
    let aLine = a;
    let bLine = b;
    for (let y = height; y; --y) {
      let p = aLine;
      let q = bLine;
      for (let x = width; x; --x) {
        sum = Lanes.madd(v128.load(p), v128.load(q), sum);
        p += aStep;
        q += bStep;
      }
      aLine += aRow;
      bLine += bRow;
    }
    v128.store(c, sum);
    a += 16;
    b += 16;
  }
}
