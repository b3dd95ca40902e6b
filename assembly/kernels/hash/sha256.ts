/**
 * SHA-256 (FIPS 180-4), for fingerprints of weights. Place: a kernel of the tape.
 * Invariant: with Canonical every NaN is hashed as 0x7fc00000, so that engines which differ in NaN bits agree.
 */
import { Sha256Field, Status } from "../../../src/abi";
import { Record } from "../../tape/record";

const ROUND = memory.data(256, 16);
const STATE = memory.data(32, 16);
const SCHEDULE = memory.data(256, 16);
const LAST = memory.data(128, 16);

// sha256: out[0…31] = SHA-256 of the bytes at a   overwrites out
export function sha256(pc: usize): u32 {
  const out = Record.ptr(pc, Sha256Field.Out);
  const canonical = Record.u32(pc, Sha256Field.Canonical) !== 0;
  const bytes = Record.u32(pc, Sha256Field.Bytes);
  let a = Record.ptr(pc, Sha256Field.A);
  begin();
  const end = a + (bytes & ~63);
  for (; a !== end; a += 64) block(a, canonical);
  // the rest, a bit of 1, zeros, and the length in bits
  const rest = bytes & 63;
  const size: usize = rest < 56 ? 64 : 128;
  memory.fill(LAST, 0, 128);
  memory.copy(LAST, a, rest);
  if (canonical) for (let i: usize = 0; i + 4 <= rest; i += 4) store<u32>(LAST + i, canonicalWord(LAST + i));
  store<u8>(LAST + rest, 0x80);
  store<u64>(LAST + size - 8, bswap<u64>((<u64>bytes) << 3));
  block(LAST, false);
  if (size === 128) block(LAST + 64, false);
  for (let i: usize = 0; i < 32; i += 4) store<u32>(out + i, bswap<u32>(load<u32>(STATE + i)));
  return Status.Ok;
}

// The first state and the constants of the rounds: the first 32 bits of the fractions of √p and ∛p of the first primes p,
// as the standard defines them. As numbers in the module they would be 288 bytes that do not compress.
function begin(): void {
  let place: usize = 0;
  for (let p: u32 = 2; place < 256; ++p) {
    let d: u32 = 2;
    while (d * d <= p && p % d) ++d;
    if (d * d <= p) continue;
    // Newton's steps from above; 12 reach the last bit
    let root: f64 = 8;
    for (let step = 12; step; --step) root = (2 * root + <f64>p / (root * root)) / 3;
    store<u32>(ROUND + place, fraction(root));
    if (place < 32) store<u32>(STATE + place, fraction(sqrt<f64>(<f64>p)));
    place += 4;
  }
}

function fraction(x: f64): u32 {
  return <u32>((x - floor(x)) * 4294967296.0);
}

function canonicalWord(address: usize): u32 {
  const word = load<u32>(address);
  return (word & 0x7fffffff) > 0x7f800000 ? 0x7fc00000 : word;
}

function block(a: usize, canonical: bool): void {
  const infinity = i32x4.splat(0x7f800000);
  for (let i: usize = 0; i < 64; i += 16) {
    let words = v128.load(a + i);
    if (canonical) {
      const nan = i32x4.gt_s(v128.and(words, i32x4.splat(0x7fffffff)), infinity);
      words = v128.bitselect(i32x4.splat(0x7fc00000), words, nan);
    }
    v128.store(
      SCHEDULE + i,
      i8x16.shuffle(words, words, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12),
    );
  }
  for (let i = SCHEDULE; i !== SCHEDULE + 192; i += 4) {
    const w1 = load<u32>(i, 4);
    const w14 = load<u32>(i, 56);
    const s0 = rotr(w1, 7) ^ rotr(w1, 18) ^ (w1 >> 3);
    const s1 = rotr(w14, 17) ^ rotr(w14, 19) ^ (w14 >> 10);
    store<u32>(i, load<u32>(i) + s0 + load<u32>(i, 36) + s1, 64);
  }
  let a0 = load<u32>(STATE);
  let b = load<u32>(STATE, 4);
  let c = load<u32>(STATE, 8);
  let d = load<u32>(STATE, 12);
  let e = load<u32>(STATE, 16);
  let f = load<u32>(STATE, 20);
  let g = load<u32>(STATE, 24);
  let h = load<u32>(STATE, 28);
  for (let i: usize = 0; i < 256; i += 4) {
    const s1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25);
    const t1 = h + s1 + (g ^ (e & (f ^ g))) + load<u32>(ROUND + i) + load<u32>(SCHEDULE + i);
    const s0 = rotr(a0, 2) ^ rotr(a0, 13) ^ rotr(a0, 22);
    const t2 = s0 + ((a0 & b) | (c & (a0 | b)));
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a0;
    a0 = t1 + t2;
  }
  store<u32>(STATE, load<u32>(STATE) + a0);
  store<u32>(STATE, load<u32>(STATE, 4) + b, 4);
  store<u32>(STATE, load<u32>(STATE, 8) + c, 8);
  store<u32>(STATE, load<u32>(STATE, 12) + d, 12);
  store<u32>(STATE, load<u32>(STATE, 16) + e, 16);
  store<u32>(STATE, load<u32>(STATE, 20) + f, 20);
  store<u32>(STATE, load<u32>(STATE, 24) + g, 24);
  store<u32>(STATE, load<u32>(STATE, 28) + h, 28);
}
