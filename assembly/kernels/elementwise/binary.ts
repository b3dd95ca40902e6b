/**
 * Binary functions with broadcasting. Place: a kernel of the tape.
 * Each function is a loop of its own over a plane of rows (binary-loop.ts), reached through the table of kernels.
 * Invariant: an element's bits do not depend on its place.
 */
import { BinaryField, BinaryFn, Slot, Status } from "../../../src/abi";
import { KERNELS } from "../../tape/kernel-table";
import { Record } from "../../tape/record";

// binary: out = f(a, b)   out: [D0, D1, D2, D3, D4]; out may alias an operand that does not broadcast; overwrites out
export function binary(pc: usize): u32 {
  const fn = Record.u32(pc, BinaryField.Fn);
  if (fn >= <u32>BinaryFn.Count) return Status.UnknownOp;
  const loop = load<u32>(KERNELS + ((<usize>fn) << 2), Slot.Binary << 2);
  if (!loop) return Status.UnknownOp;
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
