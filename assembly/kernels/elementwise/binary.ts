/**
 * Binary functions with broadcasting. Place: a kernel of the tape.
 * Each function is a loop of its own over a plane of rows, reached through a table. A broadcast operand is a vector of
 * copies read with step 0. Invariant: an element's bits do not depend on its place.
 */
import { BinaryField, BinaryFn, Status } from "../../../src/abi";
import { Constant, K } from "../../math/constants";
import { pow as power } from "../../math/power";
import { Lanes } from "../../simd/lanes";
import { Record } from "../../tape/record";

// u32 function table indices of the loops
const LOOPS = memory.data(BinaryFn.Count << 2, 4);
// copies of a and of b where they broadcast along a row
const COPIES_A = memory.data(16, 16);
const COPIES_B = memory.data(16, 16);

// binary: out = f(a, b)   out: [D0, D1, D2, D3, D4]; out may alias an operand that does not broadcast; overwrites out
export function binary(pc: usize): u32 {
  const fn = Record.u32(pc, BinaryField.Fn);
  if (fn >= <u32>BinaryFn.Count) return Status.UnknownOp;
  const loop = load<u32>(LOOPS + ((<usize>fn) << 2));
  const d0 = Record.u32(pc, BinaryField.D0);
  const d1 = Record.u32(pc, BinaryField.D1);
  const d2 = Record.u32(pc, BinaryField.D2);
  if (d0 === 1 && d1 === 1 && d2 === 1) {
    const a = Record.ptr(pc, BinaryField.A);
    call_indirect<void>(loop, pc, Record.ptr(pc, BinaryField.Out), a, Record.ptr(pc, BinaryField.B));
  } else planes(pc, loop, d0, d1, d2);
  return Status.Ok;
}

// The plane of D3 and D4, for each place of D0, D1, D2.
function planes(pc: usize, loop: u32, d0: u32, d1: u32, d2: u32): void {
  const planeBytes = (<usize>Record.u32(pc, BinaryField.D3) * Record.u32(pc, BinaryField.D4)) << 2;
  let out = Record.ptr(pc, BinaryField.Out);
  let a0 = Record.ptr(pc, BinaryField.A);
  let b0 = Record.ptr(pc, BinaryField.B);
  for (; d0; --d0) {
    let a1 = a0;
    let b1 = b0;
    for (let i1 = d1; i1; --i1) {
      let a2 = a1;
      let b2 = b1;
      for (let i2 = d2; i2; --i2) {
        call_indirect<void>(loop, pc, out, a2, b2);
        out += planeBytes;
        a2 += (<usize>Record.u32(pc, BinaryField.AStride2)) << 2;
        b2 += (<usize>Record.u32(pc, BinaryField.BStride2)) << 2;
      }
      a1 += (<usize>Record.u32(pc, BinaryField.AStride1)) << 2;
      b1 += (<usize>Record.u32(pc, BinaryField.BStride1)) << 2;
    }
    a0 += (<usize>Record.u32(pc, BinaryField.AStride0)) << 2;
    b0 += (<usize>Record.u32(pc, BinaryField.BStride0)) << 2;
  }
}

class Binary {
  @inline
  static plane(fn: i32, pc: usize, out: usize, a: usize, b: usize): void {
    const n = Record.u32(pc, BinaryField.D4);
    const bytes = (<usize>n & ~3) << 2;
    const rest = n & 3;
    const stepA = (<usize>Record.u32(pc, BinaryField.AStride4)) << 4;
    const stepB = (<usize>Record.u32(pc, BinaryField.BStride4)) << 4;
    for (let rows = Record.u32(pc, BinaryField.D3); rows; --rows) {
      let x = a;
      let y = b;
      if (!stepA) {
        v128.store(COPIES_A, v128.load32_splat(a));
        x = COPIES_A;
      }
      if (!stepB) {
        v128.store(COPIES_B, v128.load32_splat(b));
        y = COPIES_B;
      }
      const end = out + bytes;
      for (; out !== end; out += 16, x += stepA, y += stepB) {
        v128.store(out, Binary.apply(fn, v128.load(x), v128.load(y)));
      }
      if (rest) {
        Lanes.storeTail(out, Binary.apply(fn, Lanes.loadTail(x, rest), Lanes.loadTail(y, rest)), rest);
        out += (<usize>rest) << 2;
      }
      a += (<usize>Record.u32(pc, BinaryField.AStride3)) << 2;
      b += (<usize>Record.u32(pc, BinaryField.BStride3)) << 2;
    }
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

function add(pc: usize, out: usize, a: usize, b: usize): void {
  Binary.plane(BinaryFn.Add, pc, out, a, b);
}
function sub(pc: usize, out: usize, a: usize, b: usize): void {
  Binary.plane(BinaryFn.Sub, pc, out, a, b);
}
function mul(pc: usize, out: usize, a: usize, b: usize): void {
  Binary.plane(BinaryFn.Mul, pc, out, a, b);
}
function div(pc: usize, out: usize, a: usize, b: usize): void {
  Binary.plane(BinaryFn.Div, pc, out, a, b);
}
function max(pc: usize, out: usize, a: usize, b: usize): void {
  Binary.plane(BinaryFn.Max, pc, out, a, b);
}
function min(pc: usize, out: usize, a: usize, b: usize): void {
  Binary.plane(BinaryFn.Min, pc, out, a, b);
}
function equal(pc: usize, out: usize, a: usize, b: usize): void {
  Binary.plane(BinaryFn.Equal, pc, out, a, b);
}
function greater(pc: usize, out: usize, a: usize, b: usize): void {
  Binary.plane(BinaryFn.Greater, pc, out, a, b);
}
function prefers(pc: usize, out: usize, a: usize, b: usize): void {
  Binary.plane(BinaryFn.Prefers, pc, out, a, b);
}
function pow(pc: usize, out: usize, a: usize, b: usize): void {
  Binary.plane(BinaryFn.Pow, pc, out, a, b);
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
