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
  const end = (<usize>channels) << 2;
  // Four pixels share each weight, and their sums do not wait for each other. Of less than four the last is repeated.
  while (pixels) {
    const last = min<usize>(pixels - 1, 3);
    const second = min<usize>(last, 1);
    const third = min<usize>(last, 2);
    const a1 = aStep * second;
    const a2 = aStep * third;
    const a3 = aStep * last;
    const c1 = end * second;
    const c2 = end * third;
    const c3 = end * last;
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
          s1 = Lanes.madd(v128.load(p + a1), tap, s1);
          s2 = Lanes.madd(v128.load(p + a2), tap, s2);
          s3 = Lanes.madd(v128.load(p + a3), tap, s3);
          p += xStep;
          w += tapStep;
        }
        row += yStep;
      }
      const shift = v128.load(bias + j);
      const to = c + j;
      v128.store(to, f32x4.pmax(f32x4.add(s0, shift), floor));
      v128.store(to + c1, f32x4.pmax(f32x4.add(s1, shift), floor));
      v128.store(to + c2, f32x4.pmax(f32x4.add(s2, shift), floor));
      v128.store(to + c3, f32x4.pmax(f32x4.add(s3, shift), floor));
    }
    c += c3 + end;
    a += a3 + aStep;
    pixels -= <u32>last + 1;
  }
}

// c[taps, channels] += Σ over height × width of a·b, a beginning tapStep further for each of 1, 2 or 3 taps
// channels: a multiple of 4; steps in bytes
export function depthwiseSums(
  c: usize,
  taps: u32,
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
  // What is too much repeats the tap before it.
  const second = min<usize>(taps - 1, 1);
  const third: usize = taps - 1;
  const tap1 = tapStep * second;
  const tap2 = tapStep * third;
  const end = c + cStep;
  while (c < end) {
    // Two vectors of channels, so that six sums are under way; of a last one alone both are the same.
    const o = min<usize>(16, end - c - 16);
    const c1 = c + cStep * second;
    const c2 = c + cStep * third;
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
        const p1 = p + tap1;
        s1 = Lanes.madd(v128.load(p1), dy, s1);
        t1 = Lanes.madd(v128.load(p1 + o), next, t1);
        const p2 = p + tap2;
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
