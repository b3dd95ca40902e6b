/**
 * Four images side by side as the lanes of vectors.
 * Place: below lanes.ts and lanes-weight-grad.ts. Invariant: values are copied bit for bit, and nothing beyond them is read.
 */

// to[floats][4]: float i of each of p0 … p3
export function interleave(to: usize, p0: usize, p1: usize, p2: usize, p3: usize, floats: u32): void {
  for (let i = floats >> 2; i; --i) {
    const v0 = v128.load(p0);
    const v1 = v128.load(p1);
    const v2 = v128.load(p2);
    const v3 = v128.load(p3);
    const low0 = f32x4.shuffle(v0, v1, 0, 4, 1, 5);
    const low1 = f32x4.shuffle(v2, v3, 0, 4, 1, 5);
    const high0 = f32x4.shuffle(v0, v1, 2, 6, 3, 7);
    const high1 = f32x4.shuffle(v2, v3, 2, 6, 3, 7);
    v128.store(to, f32x4.shuffle(low0, low1, 0, 1, 4, 5));
    v128.store(to, f32x4.shuffle(low0, low1, 2, 3, 6, 7), 16);
    v128.store(to, f32x4.shuffle(high0, high1, 0, 1, 4, 5), 32);
    v128.store(to, f32x4.shuffle(high0, high1, 2, 3, 6, 7), 48);
    p0 += 16;
    p1 += 16;
    p2 += 16;
    p3 += 16;
    to += 64;
  }
  for (let i = floats & 3; i; --i) {
    One.float(to, p0, p1, p2, p3);
    p0 += 4;
    p1 += 4;
    p2 += 4;
    p3 += 4;
    to += 16;
  }
}

// to[pairs of features, pairStep bytes apart][pixels][2][4] from p0 … p3: [pixels][features]; of an odd count the last is beside a 0
export function interleavePairs(
  to: usize,
  pairStep: usize,
  p0: usize,
  p1: usize,
  p2: usize,
  p3: usize,
  pixels: u32,
  features: u32,
): void {
  for (; pixels; --pixels) {
    let q = to;
    for (let i = features >> 1; i; --i) {
      const v0 = v128.load64_lane(p2, v128.load64_zero(p0), 1);
      const v1 = v128.load64_lane(p3, v128.load64_zero(p1), 1);
      const low = f32x4.shuffle(v0, v1, 0, 4, 1, 5);
      const high = f32x4.shuffle(v0, v1, 2, 6, 3, 7);
      v128.store(q, f32x4.shuffle(low, high, 0, 1, 4, 5));
      v128.store(q, f32x4.shuffle(low, high, 2, 3, 6, 7), 16);
      p0 += 8;
      p1 += 8;
      p2 += 8;
      p3 += 8;
      q += pairStep;
    }
    if (features & 1) {
      One.float(q, p0, p1, p2, p3);
      v128.store(q, f32x4.splat(0), 16);
      p0 += 4;
      p1 += 4;
      p2 += 4;
      p3 += 4;
    }
    to += 32;
  }
}

// to: [rows][width][depth][4], rowStep, pitch and plane bytes apart, the rest left alone; from: 4 images [rows, width, depth],
// imageStep bytes apart
export function interleavePlanes(
  to: usize,
  rowStep: usize,
  pitch: usize,
  plane: usize,
  from: usize,
  imageStep: usize,
  rows: u32,
  width: u32,
  depth: u32,
): void {
  const second = imageStep;
  const third = imageStep << 1;
  const fourth = third + imageStep;
  for (; rows; --rows) {
    let at = to;
    for (let x = width; x; --x) {
      let p = at;
      for (let d = depth; d; --d) {
        let v = v128.load32_zero(from);
        v = v128.load32_lane(from + second, v, 1);
        v = v128.load32_lane(from + third, v, 2);
        v = v128.load32_lane(from + fourth, v, 3);
        v128.store(p, v);
        from += 4;
        p += plane;
      }
      at += pitch;
    }
    to += rowStep;
  }
}

class One {
  // to[4]: one float of each
  // @ts-expect-error: decorator
  @inline
  static float(to: usize, p0: usize, p1: usize, p2: usize, p3: usize): void {
    store<u32>(to, load<u32>(p0));
    store<u32>(to, load<u32>(p1), 4);
    store<u32>(to, load<u32>(p2), 8);
    store<u32>(to, load<u32>(p3), 12);
  }
}
