/**
 * One row with many zeros times a matrix: rows of B behind zeros are not read.
 * Place: a kernel of the tape, in a pack of its own. Invariant: the bits of Gemm if B is finite, for 0·b is then a zero and
 * changes no sum that began with 0 (fused, as relaxed SIMD has it, it may change the sign of a zero).
 */
import { GemmField, Status } from "../../../src/abi";
import { Lanes } from "../../simd/lanes";
import { Record } from "../../tape/record";
import { sharedGemm } from "./shared";

// sparseRow: c[n] = a[k]·b[k,n]   the fields of Gemm, where m = 1, n ≥ 4 and B is finite; scratch: 8·k bytes; overwrites c
export function sparseRow(pc: usize): u32 {
  const c = Record.ptr(pc, GemmField.C);
  const a = Record.ptr(pc, GemmField.A);
  const b = Record.ptr(pc, GemmField.B);
  const n = Record.u32(pc, GemmField.N);
  const k = Record.u32(pc, GemmField.K);
  const list = Record.ptr(pc, GemmField.Scratch);
  // With more than half of them in use the next row is better read in any case.
  if (countOfZeros(a, k) < k >> 1) sharedGemm(c, a, b, 1, n, k, k, n, n, false, false, false, list);
  else columns(c, b, (<usize>n) << 2, list, listNonzero(list, a, k, n << 2));
  return Status.Ok;
}

function countOfZeros(a: usize, k: u32): u32 {
  const end = a + ((<usize>k & ~3) << 2);
  let zeros = i32x4.splat(0);
  // A comparison that holds is −1.
  for (; a !== end; a += 16) zeros = i32x4.sub(zeros, f32x4.eq(v128.load(a), f32x4.splat(0)));
  const pairs = i32x4.add(zeros, i32x4.shuffle(zeros, zeros, 2, 3, 0, 1));
  return i32x4.extract_lane(pairs, 0) + i32x4.extract_lane(pairs, 1);
}

// Pairs (offset of the row of B, a) of what is not 0; returns their end.
function listNonzero(list: usize, a: usize, k: u32, rowBytes: u32): usize {
  let offset: u32 = 0;
  for (; k; --k) {
    const value = load<f32>(a);
    store<u32>(list, offset);
    store<f32>(list, value, 4);
    list += (<usize>(value !== 0)) << 3;
    offset += rowBytes;
    a += 4;
  }
  return list;
}

// Sixteen columns at a time, at the end in vectors that overlap each other or what is done: equal columns get equal sums.
function columns(c: usize, b: usize, rowBytes: usize, list: usize, end: usize): void {
  for (let left = rowBytes; left; ) {
    if (left < 16) {
      c -= 16 - left;
      b -= 16 - left;
      left = 16;
    }
    const bytes = min<usize>(left, 64);
    const last = bytes - 16;
    const o1 = min<usize>(16, last);
    const o2 = min<usize>(32, last);
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (let at = list; at !== end; at += 8) {
      const row = b + <usize>load<u32>(at);
      const x = v128.load32_splat(at, 4);
      s0 = Lanes.madd(x, v128.load(row), s0);
      s1 = Lanes.madd(x, v128.load(row + o1), s1);
      s2 = Lanes.madd(x, v128.load(row + o2), s2);
      s3 = Lanes.madd(x, v128.load(row + last), s3);
    }
    v128.store(c, s0);
    v128.store(c + o1, s1);
    v128.store(c + o2, s2);
    v128.store(c + last, s3);
    c += bytes;
    b += bytes;
    left -= bytes;
  }
}
