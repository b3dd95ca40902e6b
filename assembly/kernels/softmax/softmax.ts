/**
 * Softmax by rows, and with log-softmax.ts its logarithm. Place: a kernel of the tape.
 * Invariant: a row's bits do not depend on the other rows.
 */
import { Slot, SoftmaxField, Status } from "../../../src/abi";
import { KERNELS } from "../../tape/kernel-table";
import { Record } from "../../tape/record";
import { rowExp, rowMax, rowScale } from "./row";

// softmax: y[r, c] = exp(x[r, c] − max) / Σ, or its logarithm   y, x: [Rows, Columns]; y may alias x; overwrites y
export function softmax(pc: usize): u32 {
  let y = Record.ptr(pc, SoftmaxField.Out);
  let x = Record.ptr(pc, SoftmaxField.A);
  const columns = Record.u32(pc, SoftmaxField.Columns);
  const rowBytes = (<usize>columns) << 2;
  const row = load<u32>(KERNELS + ((<usize>Record.u32(pc, SoftmaxField.Log)) << 2), Slot.Softmax << 2);
  if (!row) return Status.UnknownOp;
  for (let rows = Record.u32(pc, SoftmaxField.Rows); rows; --rows, y += rowBytes, x += rowBytes)
    call_indirect<void>(row, y, x, columns);
  return Status.Ok;
}

function plain(y: usize, x: usize, columns: u32): void {
  const sum = rowExp(y, x, columns, rowMax(x, columns));
  rowScale(y, y, columns, <f32>(1 / sum));
}

store<u32>(KERNELS, plain.index, Slot.Softmax << 2);
