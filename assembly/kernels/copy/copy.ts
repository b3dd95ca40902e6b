/**
 * Strided copy: transpose, expand, slice, concatenation.
 * Place: a kernel of the tape. Invariant: elements are visited in row-major order, so with Accumulate and a stride of 0
 * in `out` the order of the sum is fixed.
 */
import { CopyField, Status } from "../../../src/abi";
import { Lanes } from "../../simd/lanes";
import { Record } from "../../tape/record";

// copy: out[i·os] (+)= a[i·as] over six dimensions   out aliases nothing of a unless strides and address are equal
export function copy(pc: usize): u32 {
  const d1 = Record.u32(pc, CopyField.D1);
  const d2 = Record.u32(pc, CopyField.D2);
  const d3 = Record.u32(pc, CopyField.D3);
  const d4 = Record.u32(pc, CopyField.D4);
  let out0 = Record.ptr(pc, CopyField.Out);
  let a0 = Record.ptr(pc, CopyField.A);
  for (let i0 = Record.u32(pc, CopyField.D0); i0; --i0) {
    let out1 = out0;
    let a1 = a0;
    for (let i1 = d1; i1; --i1) {
      let out2 = out1;
      let a2 = a1;
      for (let i2 = d2; i2; --i2) {
        let out3 = out2;
        let a3 = a2;
        for (let i3 = d3; i3; --i3) {
          plane(pc, out3, a3, d4);
          out3 += bytes(pc, CopyField.OutStride3);
          a3 += bytes(pc, CopyField.AStride3);
        }
        out2 += bytes(pc, CopyField.OutStride2);
        a2 += bytes(pc, CopyField.AStride2);
      }
      out1 += bytes(pc, CopyField.OutStride1);
      a1 += bytes(pc, CopyField.AStride1);
    }
    out0 += bytes(pc, CopyField.OutStride0);
    a0 += bytes(pc, CopyField.AStride0);
  }
  return Status.Ok;
}

function bytes(pc: usize, field: i32): usize {
  return (<usize>load<u32>(pc + ((<usize>field) << 2))) << 2;
}

// The two innermost dimensions.
function plane(pc: usize, out: usize, a: usize, rows: u32): void {
  const n = Record.u32(pc, CopyField.D5);
  const outStep = Record.u32(pc, CopyField.OutStride5) << 2;
  const aStep = Record.u32(pc, CopyField.AStride5) << 2;
  const outRow = Record.u32(pc, CopyField.OutStride4) << 2;
  const aRow = Record.u32(pc, CopyField.AStride4) << 2;
  const accumulate = Record.u32(pc, CopyField.Accumulate) !== 0;
  for (; rows; --rows) {
    if (outStep === 4 && aStep === 4) run(out, a, n, accumulate);
    else if (accumulate) {
      let o = out;
      let from = a;
      for (let i = n; i; --i, o += outStep, from += aStep) store<f32>(o, load<f32>(o) + load<f32>(from));
    } else {
      let o = out;
      let from = a;
      for (let i = n; i; --i, o += outStep, from += aStep) store<u32>(o, load<u32>(from));
    }
    out += outRow;
    a += aRow;
  }
}

// Both contiguous.
function run(out: usize, a: usize, n: u32, accumulate: bool): void {
  const end = out + ((<usize>n & ~3) << 2);
  const rest = n & 3;
  if (accumulate) {
    for (; out !== end; out += 16, a += 16) v128.store(out, f32x4.add(v128.load(out), v128.load(a)));
    if (rest) Lanes.storeTail(out, f32x4.add(Lanes.loadTail(out, rest), Lanes.loadTail(a, rest)), rest);
  } else {
    for (; out !== end; out += 16, a += 16) v128.store(out, v128.load(a));
    if (rest) Lanes.storeTail(out, Lanes.loadTail(a, rest), rest);
  }
}
