/**
 * The weight gradient of a single row and its update by plain SGD in one pass. Place: a kernel of the tape, after the
 * guard. Invariant: the same bits as the outer product followed by sgd.ts, and no memory for the gradient.
 */
import { OuterSgdField, Status } from "../../../src/abi";
import { Lanes } from "../../simd/lanes";
import { Record } from "../../tape/record";
import { Flush } from "./flush";
import { rateOf, TINY } from "./sgd";

// Columns taken at a time.
const CHUNK: u32 = 256;
// b and −b of these columns, every zero as +0: times |a[i]| the one or the other has the bits of a[i]·b, with no zero below 0.
const PLUS = memory.data(1024, 16);
const MINUS = memory.data(1024, 16);

// outerSgd: w[i, j] −= rate·(a[i]·b[j])   w: [m, n], a: [m], b: [n]; updates w
export function outerSgd(pc: usize): u32 {
  let w = Record.ptr(pc, OuterSgdField.W);
  let b = Record.ptr(pc, OuterSgdField.B);
  const n = Record.u32(pc, OuterSgdField.N);
  const rate = rateOf(Record.u32(pc, OuterSgdField.Group));
  for (let left = n; left; ) {
    const columns = min(left, CHUNK);
    const least = prepare(b, columns);
    const a = Record.ptr(pc, OuterSgdField.A);
    update(w, (<usize>n) << 2, a, Record.u32(pc, OuterSgdField.M), (<usize>columns) << 2, rate, least);
    const bytes = (<usize>columns) << 2;
    w += bytes;
    b += bytes;
    left -= columns;
  }
  return Status.Ok;
}

/** Fills PLUS and MINUS; returns the least |b[j]| that is not 0, or 0 if there is none. */
function prepare(b: usize, columns: u32): f32 {
  // twice the bits drops the sign; less 1 makes zero the largest
  let least = i32x4.splat(-1);
  let at: usize = 0;
  for (let left = columns; left; at += 16) {
    const count = min(left, 4);
    const y = count === 4 ? v128.load(b + at) : Lanes.loadTail(b + at, count);
    const zero = f32x4.eq(y, f32x4.splat(0));
    v128.store(PLUS + at, v128.andnot(y, zero));
    v128.store(MINUS + at, v128.andnot(f32x4.neg(y), zero));
    least = i32x4.min_u(least, i32x4.sub(i32x4.shl(y, 1), i32x4.splat(1)));
    left -= count;
  }
  const low = min(<u32>i32x4.extract_lane(least, 0), <u32>i32x4.extract_lane(least, 1));
  const high = min(<u32>i32x4.extract_lane(least, 2), <u32>i32x4.extract_lane(least, 3));
  return reinterpret<f32>((min(low, high) + 1) >> 1);
}

// The prepared columns of every row; bytes: of these columns.
function update(w: usize, rowBytes: usize, a: usize, m: u32, bytes: usize, rate: f32, least: f32): void {
  const step = f32x4.splat(rate);
  const tiny = f32x4.splat(TINY);
  const rest = (<u32>bytes >> 2) & 3;
  for (; m; --m, a += 4, w += rowBytes) {
    const x = load<f32>(a);
    // A row of nothing changes nothing: most pixels of a picture.
    if (x === 0) continue;
    const size = abs(x);
    const s = f32x4.splat(size);
    let y: usize = x > 0 ? PLUS : MINUS;
    let to = w;
    const end = w + (bytes & ~15);
    // No product of the row is tiny but zeros: nothing to flush.
    if (size * least >= TINY) {
      for (const whole = w + (bytes & ~63); to !== whole; to += 64, y += 64) {
        // unroll
        for (let i = 0; i < 4; ++i) {
          const g = f32x4.mul(s, v128.load(y, 16 * i));
          v128.store(to, f32x4.sub(v128.load(to, 16 * i), f32x4.mul(step, g)), 16 * i);
        }
      }
    }
    for (; to !== end; to += 16, y += 16) {
      const g = Flush.below(f32x4.mul(s, v128.load(y)), tiny);
      v128.store(to, f32x4.sub(v128.load(to), f32x4.mul(step, g)));
    }
    if (rest) {
      const g = Flush.below(f32x4.mul(s, v128.load(y)), tiny);
      Lanes.storeTail(to, f32x4.sub(Lanes.loadTail(to, rest), f32x4.mul(step, g)), rest);
    }
  }
}
