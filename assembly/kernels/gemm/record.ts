/**
 * The matrix product's tape record.
 * Place: between dispatch and gemm. Invariant: the products of a batch run in order and do not share output.
 */
import { GemmField, Slot, Status } from "../../../src/abi";
import { KERNELS } from "../../tape/kernel-table";
import { Record } from "../../tape/record";
import { gemm } from "./gemm";

// c[b] (+)= op(a[b])·op(b[b])   see GemmField; c aliases nothing
export function gemmRecord(pc: usize): u32 {
  let c = Record.ptr(pc, GemmField.C);
  let a = Record.ptr(pc, GemmField.A);
  let b = Record.ptr(pc, GemmField.B);
  const strideA = (<usize>Record.u32(pc, GemmField.StrideA)) << 2;
  const strideB = (<usize>Record.u32(pc, GemmField.StrideB)) << 2;
  const strideC = (<usize>Record.u32(pc, GemmField.StrideC)) << 2;
  for (let batch = Record.u32(pc, GemmField.Batch); batch; --batch) {
    gemm(
      c,
      a,
      b,
      Record.u32(pc, GemmField.M),
      Record.u32(pc, GemmField.N),
      Record.u32(pc, GemmField.K),
      Record.u32(pc, GemmField.Lda),
      Record.u32(pc, GemmField.Ldb),
      Record.u32(pc, GemmField.Ldc),
      Record.u32(pc, GemmField.TransA) !== 0,
      Record.u32(pc, GemmField.TransB) !== 0,
      Record.u32(pc, GemmField.Accumulate) !== 0,
      Record.ptr(pc, GemmField.Scratch),
    );
    c += strideC;
    a += strideA;
    b += strideB;
  }
  return Status.Ok;
}

// For the kernels of packs that multiply matrices: see shared.ts.
store<u32>(KERNELS, gemm.index, Slot.Gemm << 2);
