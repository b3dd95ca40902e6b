// SHA-256 of bytes that come piece by piece (FIPS 180-4).
//
// Place: where a file is written or checked that is never whole in memory; the core hashes what is. Invariant: the same
// digest as any other SHA-256, wherever the pieces are cut.

/** First 32 bits of the fractional parts of roots of the first primes: the cube roots (64) and square roots (8). */
const { K, START } = constants();

function constants() {
  // With plain loops: whoever imports this pays for it before the first line runs.
  const primes: number[] = [];
  for (let n = 2; primes.length < 64; n++) {
    let p = 2;
    while (p * p <= n && n % p !== 0) p++;
    if (p * p > n) primes.push(n);
  }
  return {
    K: Int32Array.from(primes, (p) => fraction(Math.cbrt(p))),
    START: Int32Array.from(primes.slice(0, 8), (p) => fraction(Math.sqrt(p))),
  };
}

function fraction(x: number): number {
  return ((x - Math.floor(x)) * 2 ** 32) | 0;
}

export class Sha256 {
  readonly #state = START.slice();
  readonly #block = new Uint8Array(64);
  readonly #words = new Int32Array(64);
  #filled = 0;
  #bytes = 0;

  update(bytes: Uint8Array): this {
    this.#bytes += bytes.length;
    let at = 0;
    if (this.#filled > 0) {
      at = Math.min(64 - this.#filled, bytes.length);
      this.#block.set(bytes.subarray(0, at), this.#filled);
      this.#filled += at;
      if (this.#filled < 64) return this;
      this.#compress(this.#block, 0);
    }
    for (; at + 64 <= bytes.length; at += 64) this.#compress(bytes, at);
    this.#filled = 0;
    for (; at < bytes.length; at++) this.#block[this.#filled++] = bytes[at]!;
    return this;
  }

  /** Begins anew, for those who hash often. */
  restart(): this {
    this.#state.set(START);
    this.#filled = 0;
    this.#bytes = 0;
    return this;
  }

  /** Lower-case hex; nothing may be added afterwards. */
  hex(): string {
    return [...this.words()].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }

  /** The digest as eight big-endian words; nothing may be added afterwards. */
  words(): Int32Array {
    const block = this.#block;
    block[this.#filled++] = 0x80;
    if (this.#filled > 56) {
      block.fill(0, this.#filled);
      this.#compress(block, 0);
      this.#filled = 0;
    }
    block.fill(0, this.#filled);
    const high = Math.floor(this.#bytes / 2 ** 29);
    for (let i = 0; i < 4; i++) {
      block[56 + i] = high >>> (24 - 8 * i);
      block[60 + i] = (this.#bytes << 3) >>> (24 - 8 * i);
    }
    this.#compress(block, 0);
    return this.#state;
  }

  #compress(bytes: Uint8Array, at: number): void {
    const w = this.#words;
    const state = this.#state;
    for (let i = 0; i < 16; i++, at += 4)
      w[i] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15]!;
      const y = w[i - 2]!;
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = (w[i - 16]! + s0 + w[i - 7]! + s1) | 0;
    }
    let a = state[0]!;
    let b = state[1]!;
    let c = state[2]!;
    let d = state[3]!;
    let e = state[4]!;
    let f = state[5]!;
    let g = state[6]!;
    let h = state[7]!;
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i]! + w[i]!) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    state[0] = (state[0]! + a) | 0;
    state[1] = (state[1]! + b) | 0;
    state[2] = (state[2]! + c) | 0;
    state[3] = (state[3]! + d) | 0;
    state[4] = (state[4]! + e) | 0;
    state[5] = (state[5]! + f) | 0;
    state[6] = (state[6]! + g) | 0;
    state[7] = (state[7]! + h) | 0;
  }
}
