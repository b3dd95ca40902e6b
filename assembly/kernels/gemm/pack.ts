/**
 * Copies blocks of B into the panels of 8 columns that the register tiles read.
 * Place: called by blocked.ts, before the tiles. Invariant: values are copied bit for bit; padding lanes of B are
 * zero and the columns of C that they would make are never stored.
 *
 * Glossary: strides are bytes; B is reached as b + p·depthStep + j·columnStep.
 */
export class Transpose {
  // The 4×4 transpose in two steps: pairs of rows interleaved, then pairs of pairs.
  // @ts-expect-error: decorator
  @inline
  static low(x: v128, y: v128): v128 {
    return i32x4.shuffle(x, y, 0, 4, 1, 5);
  }
  // @ts-expect-error: decorator
  @inline
  static high(x: v128, y: v128): v128 {
    return i32x4.shuffle(x, y, 2, 6, 3, 7);
  }
  // @ts-expect-error: decorator
  @inline
  static lowPair(x: v128, y: v128): v128 {
    return i64x2.shuffle(x, y, 0, 2);
  }
  // @ts-expect-error: decorator
  @inline
  static highPair(x: v128, y: v128): v128 {
    return i64x2.shuffle(x, y, 1, 3);
  }

  // dst[p][0…4) = b[0…4)[p], p = 0…3; rows of dst are 32 bytes apart
  // @ts-expect-error: decorator
  @inline
  static fourByFour(dst: usize, b: usize, step: usize, step2: usize, step3: usize): void {
    const r0 = v128.load(b);
    const r1 = v128.load(b + step);
    const r2 = v128.load(b + step2);
    const r3 = v128.load(b + step3);
    const t0 = Transpose.low(r0, r1);
    const t1 = Transpose.high(r0, r1);
    const t2 = Transpose.low(r2, r3);
    const t3 = Transpose.high(r2, r3);
    v128.store(dst, Transpose.lowPair(t0, t2));
    v128.store(dst, Transpose.highPair(t0, t2), 32);
    v128.store(dst, Transpose.lowPair(t1, t3), 64);
    v128.store(dst, Transpose.highPair(t1, t3), 96);
  }

  // dst[0…4) = b[0…4)[0]
  // @ts-expect-error: decorator
  @inline
  static four(dst: usize, b: usize, step: usize, step2: usize, step3: usize): void {
    store<u32>(dst, load<u32>(b));
    store<u32>(dst, load<u32>(b + step), 4);
    store<u32>(dst, load<u32>(b + step2), 8);
    store<u32>(dst, load<u32>(b + step3), 12);
  }
}

// dst[j / 8][p][j % 8] = B[p][j], B row-major   columns = 8 · panels; k ≥ 1
export function packColumns(dst: usize, b: usize, depthStep: usize, panels: u32, k: u32): void {
  const panelBytes = (<usize>k) << 5;
  let left = k;
  // Four rows at once: each panel then receives two whole cache lines in a run.
  for (; left >= 4; left -= 4) {
    let b0 = b;
    let b1 = b0 + depthStep;
    let b2 = b1 + depthStep;
    let b3 = b2 + depthStep;
    let to = dst;
    for (let j = panels; j; --j) {
      v128.store(to, v128.load(b0));
      v128.store(to, v128.load(b0, 16), 16);
      v128.store(to, v128.load(b1), 32);
      v128.store(to, v128.load(b1, 16), 48);
      v128.store(to, v128.load(b2), 64);
      v128.store(to, v128.load(b2, 16), 80);
      v128.store(to, v128.load(b3), 96);
      v128.store(to, v128.load(b3, 16), 112);
      to += panelBytes;
      b0 += 32;
      b1 += 32;
      b2 += 32;
      b3 += 32;
    }
    dst += 128;
    b += depthStep << 2;
  }
  for (; left; --left) {
    let from = b;
    let to = dst;
    for (let j = panels; j; --j) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
      to += panelBytes;
      from += 32;
    }
    dst += 32;
    b += depthStep;
  }
}

// dst[j / 8][p][j % 8] = B[j][p], B stored by columns   columns = 8 · panels; k ≥ 1
export function packTransposed(dst: usize, b: usize, columnStep: usize, panels: u32, k: u32): void {
  const b2 = columnStep << 1;
  const b3 = b2 + columnStep;
  const b4 = columnStep << 2;
  for (let j = panels; j; --j) {
    let from = b;
    let left = k;
    for (; left >= 4; left -= 4) {
      Transpose.fourByFour(dst, from, columnStep, b2, b3);
      Transpose.fourByFour(dst + 16, from + b4, columnStep, b2, b3);
      dst += 128;
      from += 16;
    }
    for (; left; --left) {
      Transpose.four(dst, from, columnStep, b2, b3);
      Transpose.four(dst + 16, from + b4, columnStep, b2, b3);
      dst += 32;
      from += 4;
    }
    b += columnStep << 3;
  }
}

// dst[p][0…width) = B[p][0…columns), then zeros   columns < width or equal, any strides
export function packRagged(
  dst: usize,
  width: u32,
  b: usize,
  depthStep: usize,
  columnStep: usize,
  columns: u32,
  k: u32,
): void {
  for (; k; --k) {
    let from = b;
    let j: u32 = 0;
    for (; j < columns; ++j) {
      store<u32>(dst, load<u32>(from));
      dst += 4;
      from += columnStep;
    }
    for (; j < width; ++j) {
      store<u32>(dst, 0);
      dst += 4;
    }
    b += depthStep;
  }
}
