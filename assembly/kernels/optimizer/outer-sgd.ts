/**
 * The weight gradient of a single row and its update by plain SGD in one pass. Place: a kernel of the tape, after the
 * guard. Invariant: the same bits as the outer product followed by sgd.ts, and no memory for the gradient.
 */
import { OuterSgdField, Status } from "../../../src/abi";
import { Lanes } from "../../simd/lanes";
import { Record } from "../../tape/record";
import { Flush } from "./flush";
import { rateOf, TINY } from "./sgd";

// outerSgd: w[i, j] −= rate·(a[i]·b[j])   w: [m, n], a: [m], b: [n]; updates w
export function outerSgd(pc: usize): u32 {
  let w = Record.ptr(pc, OuterSgdField.W);
  let a = Record.ptr(pc, OuterSgdField.A);
  const b = Record.ptr(pc, OuterSgdField.B);
  const n = Record.u32(pc, OuterSgdField.N);
  const step = f32x4.splat(rateOf(Record.u32(pc, OuterSgdField.Group)));
  const tiny = f32x4.splat(TINY);
  const whole = b + ((<usize>n & ~3) << 2);
  const rest = n & 3;
  for (const end = a + ((<usize>Record.u32(pc, OuterSgdField.M)) << 2); a !== end; a += 4) {
    // A row of nothing changes nothing: most pixels of a picture.
    if (load<f32>(a) === 0) {
      w += (<usize>n) << 2;
      continue;
    }
    const x = v128.load32_splat(a);
    let y = b;
    for (; y !== whole; y += 16, w += 16) {
      const g = Flush.below(f32x4.mul(x, v128.load(y)), tiny);
      v128.store(w, f32x4.sub(v128.load(w), f32x4.mul(step, g)));
    }
    if (rest) {
      const g = Flush.below(f32x4.mul(x, Lanes.loadTail(y, rest)), tiny);
      Lanes.storeTail(w, f32x4.sub(Lanes.loadTail(w, rest), f32x4.mul(step, g)), rest);
      w += (<usize>rest) << 2;
    }
  }
  return Status.Ok;
}
