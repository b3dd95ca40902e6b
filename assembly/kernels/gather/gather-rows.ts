/**
 * Rows of a table by number: embedding, and the batch of the step from staged data. Place: a kernel of the tape.
 * Invariant: a row number is checked against TableRows before anything is read.
 */
import { GatherRowsField, Status, Uniform } from "../../../src/abi";
import { Record, Uniforms } from "../../tape/record";
import { convert, elementBytes } from "../elementwise/convert";

// gatherRows: out[r, :] = (To) table[row(r), :]   out: [Rows, Columns]; overwrites out
// row(r) = ids[r], or without ids that of the step: indices[cursor + r], or cursor + r
export function gatherRows(pc: usize): u32 {
  let out = Record.ptr(pc, GatherRowsField.Out);
  const table = Record.ptr(pc, GatherRowsField.Table);
  const rows = Record.u32(pc, GatherRowsField.Rows);
  const columns = Record.u32(pc, GatherRowsField.Columns);
  const tableRows = Record.u32(pc, GatherRowsField.TableRows);
  const from = Record.u32(pc, GatherRowsField.From);
  const to = Record.u32(pc, GatherRowsField.To);
  const rowBytes = <usize>columns * elementBytes(from);
  const outBytes = <usize>columns * elementBytes(to);
  let ids = Record.ptr(pc, GatherRowsField.Ids);
  if (!ids) {
    const cursor = Uniforms.u32(Uniform.Cursor);
    ids = <usize>Uniforms.u32(Uniform.Indices);
    if (!ids) {
      if (rows > tableRows || cursor > tableRows - rows) return outOfRange(0);
      convert(out, table + <usize>cursor * rowBytes, rows * columns, from, to);
      return Status.Ok;
    }
    ids += (<usize>cursor) << 2;
  }
  for (let r: u32 = 0; r < rows; ++r, out += outBytes) {
    const row = load<u32>(ids + ((<usize>r) << 2));
    if (row >= tableRows) return outOfRange(r);
    convert(out, table + <usize>row * rowBytes, columns, from, to);
  }
  return Status.Ok;
}

/** Fails with the element whose row number is outside the table. */
export function outOfRange(element: u32): u32 {
  Uniforms.set(Uniform.Detail, element);
  return Status.IndexOutOfRange;
}
