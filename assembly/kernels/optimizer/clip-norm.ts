/**
 * Clipping by the global norm. Place: a kernel of the tape, between guard and optimizer.
 * Invariant: the squares are f64, so neither huge nor tiny gradients overflow or vanish; their order is fixed by n.
 */
import { ClipNormField, Status } from "../../../src/abi";
import { Lanes } from "../../simd/lanes";
import { Record } from "../../tape/record";
import { rowScale } from "../softmax/row";

// clipNorm: x[i] *= min(1, limit / (‖x‖₂ + 1e-6))   x: [n]; in place
export function clipNorm(pc: usize): u32 {
  const x = Record.ptr(pc, ClipNormField.X);
  const n = Record.u32(pc, ClipNormField.N);
  const scale = <f64>Record.f32(pc, ClipNormField.Limit) / (sqrt(sumSquares(x, n)) + 1e-6);
  if (scale < 1) rowScale(x, x, n, <f32>scale);
  return Status.Ok;
}

function sumSquares(x: usize, n: u32): f64 {
  let low = f64x2.splat(0);
  let high = low;
  const end = x + ((<usize>n & ~3) << 2);
  for (; x !== end; x += 16) {
    const a = f64x2.promote_low_f32x4(v128.load64_zero(x));
    const b = f64x2.promote_low_f32x4(v128.load64_zero(x, 8));
    low = f64x2.add(low, f64x2.mul(a, a));
    high = f64x2.add(high, f64x2.mul(b, b));
  }
  const rest = n & 3;
  if (rest) {
    const tail = Lanes.loadTail(x, rest);
    const a = f64x2.promote_low_f32x4(tail);
    const b = f64x2.promote_low_f32x4(i32x4.shuffle(tail, tail, 2, 3, 2, 3));
    low = f64x2.add(low, f64x2.mul(a, a));
    high = f64x2.add(high, f64x2.mul(b, b));
  }
  const sum = f64x2.add(low, high);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}
