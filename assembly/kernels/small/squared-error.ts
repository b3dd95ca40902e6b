/**
 * The mean of squared errors and its gradient in one record. Place: a kernel of the tape.
 * Invariant: the bits of the records it stands for, in all tensors that they write.
 */
import { ReduceFn, Slot, Status } from "../../../src/abi";
import { SquaredErrorField } from "../../../src/abi-small";
import { KERNELS } from "../../tape/kernel-table";
import { Record } from "../../tape/record";

// squaredError: loss = Σ (a − b)²·weights / n; d = its gradient   see SquaredErrorField; overwrites d, terms, loss, cell, each
export function squaredError(pc: usize): u32 {
  const n = Record.u32(pc, SquaredErrorField.N);
  const d = Record.ptr(pc, SquaredErrorField.D);
  const a = Record.ptr(pc, SquaredErrorField.A);
  const b = Record.ptr(pc, SquaredErrorField.B);
  const weights = Record.ptr(pc, SquaredErrorField.Weights);
  const terms = Record.ptr(pc, SquaredErrorField.Terms);
  const bytes = (<usize>n & ~3) << 2;
  const end = (<usize>n) << 2;
  for (let i: usize = 0; i !== bytes; i += 16) {
    const error = f32x4.sub(v128.load(a + i), v128.load(b + i));
    v128.store(d + i, error);
    v128.store(terms + i, f32x4.mul(f32x4.mul(error, error), v128.load(weights + i)));
  }
  for (let i = bytes; i !== end; i += 4) {
    const error = load<f32>(a + i) - load<f32>(b + i);
    store<f32>(d + i, error);
    store<f32>(terms + i, error * error * load<f32>(weights + i));
  }
  const mean = load<u32>(KERNELS, (Slot.Reduce + ReduceFn.Mean) << 2);
  call_indirect<void>(mean, Record.ptr(pc, SquaredErrorField.Loss), terms, n, 1);

  // Their sums with 0 are those of the function Affine: they make −0 to 0.
  const zero = f32x4.splat(0);
  const cell = load<f32>(Record.ptr(pc, SquaredErrorField.One)) * Record.f32(pc, SquaredErrorField.OfOne) + 0;
  store<f32>(Record.ptr(pc, SquaredErrorField.Cell), cell);
  const each = Record.ptr(pc, SquaredErrorField.Each);
  const scale = Record.f32(pc, SquaredErrorField.OfError);
  const cells = f32x4.splat(cell);
  const scales = f32x4.splat(scale);
  for (let i: usize = 0; i !== bytes; i += 16) {
    const share = f32x4.mul(cells, v128.load(weights + i));
    v128.store(each + i, share);
    v128.store(d + i, f32x4.add(f32x4.mul(scales, f32x4.mul(v128.load(d + i), share)), zero));
  }
  for (let i = bytes; i !== end; i += 4) {
    const share = cell * load<f32>(weights + i);
    store<f32>(each + i, share);
    store<f32>(d + i, scale * (load<f32>(d + i) * share) + 0);
  }
  return Status.Ok;
}
