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
  const aStep2 = aStep << 1;
  const aStep3 = aStep + aStep2;
  // Four pixels share each weight, and their sums do not wait for each other.
  for (; pixels >= 4; pixels -= 4) {
    for (let j: usize = 0; j < end; j += 16) {
      let s0 = f32x4.splat(0);
      let s1 = s0;
      let s2 = s0;
      let s3 = s0;
      let row = a + j;
      let w = weights + j;
      for (let ky = kernelH; ky; --ky) {
        let p = row;
        for (let kx = kernelW; kx; --kx) {
          const tap = v128.load(w);
          s0 = Lanes.madd(v128.load(p), tap, s0);
          s1 = Lanes.madd(v128.load(p + aStep), tap, s1);
          s2 = Lanes.madd(v128.load(p + aStep2), tap, s2);
          s3 = Lanes.madd(v128.load(p + aStep3), tap, s3);
          p += xStep;
          w += tapStep;
        }
        row += yStep;
      }
      const shift = v128.load(bias + j);
      const to = c + j;
      v128.store(to, f32x4.pmax(f32x4.add(s0, shift), floor));
      v128.store(to + end, f32x4.pmax(f32x4.add(s1, shift), floor));
      v128.store(to + end * 2, f32x4.pmax(f32x4.add(s2, shift), floor));
      v128.store(to + end * 3, f32x4.pmax(f32x4.add(s3, shift), floor));
    }
    c += end << 2;
    a += aStep << 2;
  }
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

// c[3, channels] += Σ over height × width of a·b, a beginning tapStep further for each   channels: a multiple of 4; steps in bytes
export function depthwiseSums(
  c: usize,
  channels: u32,
  a: usize,
  aRow: usize,
  aStep: usize,
  tapStep: usize,
  b: usize,
  bRow: usize,
  bStep: usize,
  height: u32,
  width: u32,
): void {
  const cStep = (<usize>channels) << 2;
  const tapStep2 = tapStep << 1;
  const end = c + cStep;
  while (c < end) {
    // Two vectors of channels, so that six sums are under way; of an odd last one both are the same.
    const o = min<usize>(16, end - c - 16);
    const c1 = c + cStep;
    const c2 = c1 + cStep;
    let s0 = v128.load(c);
    let s1 = v128.load(c1);
    let s2 = v128.load(c2);
    let t0 = v128.load(c + o);
    let t1 = v128.load(c1 + o);
    let t2 = v128.load(c2 + o);
    let aLine = a;
    let bLine = b;
    for (let y = height; y; --y) {
      let p = aLine;
      let q = bLine;
      for (let x = width; x; --x) {
        const dy = v128.load(q);
        const next = v128.load(q + o);
        s0 = Lanes.madd(v128.load(p), dy, s0);
        t0 = Lanes.madd(v128.load(p + o), next, t0);
        const p1 = p + tapStep;
        s1 = Lanes.madd(v128.load(p1), dy, s1);
        t1 = Lanes.madd(v128.load(p1 + o), next, t1);
        const p2 = p + tapStep2;
        s2 = Lanes.madd(v128.load(p2), dy, s2);
        t2 = Lanes.madd(v128.load(p2 + o), next, t2);
        p += aStep;
        q += bStep;
      }
      aLine += aRow;
      bLine += bRow;
    }
    v128.store(c, s0);
    v128.store(c1, s1);
    v128.store(c2, s2);
    v128.store(c + o, t0);
    v128.store(c1 + o, t1);
    v128.store(c2 + o, t2);
    c += o + 16;
    a += o + 16;
    b += o + 16;
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
