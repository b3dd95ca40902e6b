/**
 * Binary functions with broadcasting. Place: a kernel of the tape.
 * Each function is a loop of its own over whole vectors of a row, reached through a table. A broadcast operand is a
 * vector of copies read with step 0; the last n mod 4 elements of a row go through the same loop in scratch.
 * Invariant: so an element's bits do not depend on its place.
 */
import { BinaryField, BinaryFn, Status } from "../../../src/abi";
import { Constant, K } from "../../math/constants";
import { pow as power } from "../../math/power";
import { Lanes } from "../../simd/lanes";
import { Record } from "../../tape/record";

// u32 function table indices of the loops
const LOOPS = memory.data(BinaryFn.Count << 2, 4);
// copies of a and of b where they broadcast, then the tails of a and b
const COPIES_A = memory.data(16, 16);
const COPIES_B = memory.data(16, 16);
const TAIL_A = memory.data(16, 16);
const TAIL_B = memory.data(16, 16);

// binary: out = f(a, b)   out: [D0, D1, D2, D3, D4]; out may alias an operand that does not broadcast; overwrites out
export function binary(pc: usize): u32 {
  const fn = Record.u32(pc, BinaryField.Fn);
  if (fn >= <u32>BinaryFn.Count) return Status.UnknownOp;
  const loop = load<u32>(LOOPS + ((<usize>fn) << 2));
  const n = Record.u32(pc, BinaryField.D4);
  const wideA = Record.u32(pc, BinaryField.AStride4);
  const wideB = Record.u32(pc, BinaryField.BStride4);
  const d1 = Record.u32(pc, BinaryField.D1);
  const d2 = Record.u32(pc, BinaryField.D2);
  const d3 = Record.u32(pc, BinaryField.D3);
  const rowBytes = (<usize>n) << 2;
  let out = Record.ptr(pc, BinaryField.Out);
  let a0 = Record.ptr(pc, BinaryField.A);
  let b0 = Record.ptr(pc, BinaryField.B);
  if (!n) return Status.Ok;
  for (let i0 = Record.u32(pc, BinaryField.D0); i0; --i0) {
    let a1 = a0;
    let b1 = b0;
    for (let i1 = d1; i1; --i1) {
      let a2 = a1;
      let b2 = b1;
      for (let i2 = d2; i2; --i2) {
        let a3 = a2;
        let b3 = b2;
        for (let i3 = d3; i3; --i3) {
          row(loop, out, a3, b3, n, wideA, wideB);
          out += rowBytes;
          a3 += (<usize>Record.u32(pc, BinaryField.AStride3)) << 2;
          b3 += (<usize>Record.u32(pc, BinaryField.BStride3)) << 2;
        }
        a2 += (<usize>Record.u32(pc, BinaryField.AStride2)) << 2;
        b2 += (<usize>Record.u32(pc, BinaryField.BStride2)) << 2;
      }
      a1 += (<usize>Record.u32(pc, BinaryField.AStride1)) << 2;
      b1 += (<usize>Record.u32(pc, BinaryField.BStride1)) << 2;
    }
    a0 += (<usize>Record.u32(pc, BinaryField.AStride0)) << 2;
    b0 += (<usize>Record.u32(pc, BinaryField.BStride0)) << 2;
  }
  return Status.Ok;
}

function row(loop: u32, out: usize, a: usize, b: usize, n: u32, wideA: u32, wideB: u32): void {
  if (!wideA) {
    v128.store(COPIES_A, v128.load32_splat(a));
    a = COPIES_A;
  }
  if (!wideB) {
    v128.store(COPIES_B, v128.load32_splat(b));
    b = COPIES_B;
  }
  const bytes = (<usize>n & ~3) << 2;
  const stepA = (<usize>wideA) << 4;
  const stepB = (<usize>wideB) << 4;
  if (bytes) call_indirect<void>(loop, out, a, b, out + bytes, stepA, stepB);
  const rest = n & 3;
  if (rest) {
    if (wideA) v128.store(TAIL_A, Lanes.loadTail(a + bytes, rest));
    if (wideB) v128.store(TAIL_B, Lanes.loadTail(b + bytes, rest));
    call_indirect<void>(loop, TAIL_A, wideA ? TAIL_A : a, wideB ? TAIL_B : b, TAIL_A + 16, stepA, stepB);
    Lanes.storeTail(out + bytes, v128.load(TAIL_A), rest);
  }
}

class Binary {
  @inline
  static loop(fn: i32, out: usize, a: usize, b: usize, end: usize, stepA: usize, stepB: usize): void {
    do {
      v128.store(out, Binary.apply(fn, v128.load(a), v128.load(b)));
      out += 16;
      a += stepA;
      b += stepB;
    } while (out !== end);
  }

  // `fn` is a constant: one branch is compiled
  @inline
  static apply(fn: i32, a: v128, b: v128): v128 {
    if (fn === BinaryFn.Add) return f32x4.add(a, b);
    if (fn === BinaryFn.Sub) return f32x4.sub(a, b);
    if (fn === BinaryFn.Mul) return f32x4.mul(a, b);
    if (fn === BinaryFn.Div) return f32x4.div(a, b);
    if (fn === BinaryFn.Max) return f32x4.max(a, b);
    if (fn === BinaryFn.Min) return f32x4.min(a, b);
    const one = Constant.load(K.One);
    if (fn === BinaryFn.Equal) return v128.and(f32x4.eq(a, b), one);
    if (fn === BinaryFn.Greater) return v128.and(f32x4.gt(a, b), one);
    if (fn === BinaryFn.Prefers) {
      const tie = v128.and(f32x4.eq(a, b), Constant.load(K.Half));
      return v128.or(v128.and(f32x4.gt(a, b), one), tie);
    }
    // Pow
    let y = f32x4.splat(power(f32x4.extract_lane(a, 0), f32x4.extract_lane(b, 0)));
    y = f32x4.replace_lane(y, 1, power(f32x4.extract_lane(a, 1), f32x4.extract_lane(b, 1)));
    y = f32x4.replace_lane(y, 2, power(f32x4.extract_lane(a, 2), f32x4.extract_lane(b, 2)));
    return f32x4.replace_lane(y, 3, power(f32x4.extract_lane(a, 3), f32x4.extract_lane(b, 3)));
  }
}

function add(out: usize, a: usize, b: usize, end: usize, stepA: usize, stepB: usize): void {
  Binary.loop(BinaryFn.Add, out, a, b, end, stepA, stepB);
}
function sub(out: usize, a: usize, b: usize, end: usize, stepA: usize, stepB: usize): void {
  Binary.loop(BinaryFn.Sub, out, a, b, end, stepA, stepB);
}
function mul(out: usize, a: usize, b: usize, end: usize, stepA: usize, stepB: usize): void {
  Binary.loop(BinaryFn.Mul, out, a, b, end, stepA, stepB);
}
function div(out: usize, a: usize, b: usize, end: usize, stepA: usize, stepB: usize): void {
  Binary.loop(BinaryFn.Div, out, a, b, end, stepA, stepB);
}
function max(out: usize, a: usize, b: usize, end: usize, stepA: usize, stepB: usize): void {
  Binary.loop(BinaryFn.Max, out, a, b, end, stepA, stepB);
}
function min(out: usize, a: usize, b: usize, end: usize, stepA: usize, stepB: usize): void {
  Binary.loop(BinaryFn.Min, out, a, b, end, stepA, stepB);
}
function equal(out: usize, a: usize, b: usize, end: usize, stepA: usize, stepB: usize): void {
  Binary.loop(BinaryFn.Equal, out, a, b, end, stepA, stepB);
}
function greater(out: usize, a: usize, b: usize, end: usize, stepA: usize, stepB: usize): void {
  Binary.loop(BinaryFn.Greater, out, a, b, end, stepA, stepB);
}
function prefers(out: usize, a: usize, b: usize, end: usize, stepA: usize, stepB: usize): void {
  Binary.loop(BinaryFn.Prefers, out, a, b, end, stepA, stepB);
}
function pow(out: usize, a: usize, b: usize, end: usize, stepA: usize, stepB: usize): void {
  Binary.loop(BinaryFn.Pow, out, a, b, end, stepA, stepB);
}

store<u32>(LOOPS, add.index, BinaryFn.Add << 2);
store<u32>(LOOPS, sub.index, BinaryFn.Sub << 2);
store<u32>(LOOPS, mul.index, BinaryFn.Mul << 2);
store<u32>(LOOPS, div.index, BinaryFn.Div << 2);
store<u32>(LOOPS, max.index, BinaryFn.Max << 2);
store<u32>(LOOPS, min.index, BinaryFn.Min << 2);
store<u32>(LOOPS, equal.index, BinaryFn.Equal << 2);
store<u32>(LOOPS, greater.index, BinaryFn.Greater << 2);
store<u32>(LOOPS, prefers.index, BinaryFn.Prefers << 2);
store<u32>(LOOPS, pow.index, BinaryFn.Pow << 2);
