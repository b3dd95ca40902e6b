// Philox4x32-10, a counter-based random generator: each block of four words is a pure function of counter and key.
// Place: data preparation on the host (splits, shuffles, drawn digits); the core has its own copy for training.
// Invariant: integer operations only, so every engine gives the same words.
// Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011), with its published test vectors.

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

/** High 32 bits of the 64-bit product of two unsigned words, signed as JavaScript's integer operators leave it. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const low = Math.imul(aLow, bLow) >>> 16;
  // At most 0xffff * 0xffff + 2 * 0xffff, so each middle sum still fits 32 bits.
  const middle = (Math.imul(aHigh, bLow) >>> 0) + low;
  const middle2 = (Math.imul(aLow, bHigh) >>> 0) + (middle & 0xffff);
  return (Math.imul(aHigh, bHigh) + (middle >>> 16) + (middle2 >>> 16)) | 0;
}

/** Writes the block at counter `c0..c3` under key `k0, k1` to `out[0..3]`. */
export function philox4x32(
  out: Uint32Array,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void {
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low0 = Math.imul(MULTIPLIER_0, c0);
    const low1 = Math.imul(MULTIPLIER_1, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + WEYL_0) | 0;
    k1 = (k1 + WEYL_1) | 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** A sequence of random numbers: the words of successive blocks under one key. */
export class PhiloxStream {
  private readonly seed: number;
  private readonly stream: number;
  private readonly block = new Uint32Array(4);
  private counter = 0;
  private used = 4;

  /** Equal `seed` and `stream` give equal numbers; different streams of one seed are independent. */
  constructor(seed: number, stream = 0) {
    this.seed = seed;
    this.stream = stream;
  }

  /** A whole number, uniform in [0, 2^32). */
  word(): number {
    if (this.used === 4) {
      // The stream sits in the counter, where 2^32 blocks separate it from its neighbours.
      philox4x32(this.block, this.counter++, this.stream, 0, 0, this.seed, Math.floor(this.seed / 2 ** 32));
      this.used = 0;
    }
    return this.block[this.used++]!;
  }

  /** Uniform in [0, 1), with the 24 bits that an f32 holds exactly. */
  uniform(): number {
    return (this.word() >>> 8) / 2 ** 24;
  }

  /** A whole number, uniform in [0, bound), without modulo bias; `bound` is at most 2^32. */
  below(bound: number): number {
    const limit = 2 ** 32 - (2 ** 32 % bound);
    let word = this.word();
    while (word >= limit) word = this.word();
    return word % bound;
  }

  /** Near-normal with mean 0 and deviation 1: the sum of 12 uniforms less 6. Never beyond ±6, needs no logarithm. */
  bell(): number {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += this.uniform();
    return sum;
  }
}
