/**
 * Binary functions as loops over a plane of rows.
 * Place: below basic-binary.ts and general-binary.ts, which give each function a loop of its own. A broadcast operand is
 * a vector of copies read with step 0. Invariant: an element's bits do not depend on its place.
 */
import { BinaryField, BinaryFn } from "../../../src/abi";
import { Constant, K } from "../../math/constants";
import { pow as power } from "../../math/power";
import { Lanes } from "../../simd/lanes";
import { Record } from "../../tape/record";

// copies of a and of b where they broadcast along a row
const COPIES_A = memory.data(16, 16);
const COPIES_B = memory.data(16, 16);

export class Binary {
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
