/**
 * Gradient of an embedding. Place: a kernel of the tape. Invariant: rows are added in ascending r, whatever their
 * numbers, so the bits are fixed.
 */
import { ScatterAddRowsField, Status } from "../../../src/abi";
import { Lanes } from "../../simd/lanes";
import { Record } from "../../tape/record";
import { outOfRange } from "./gather-rows";

// scatterAddRows: out[:] = 0, then out[ids[r], :] += dy[r, :]   out: [TableRows, Columns], dy: [Rows, Columns]
export function scatterAddRows(pc: usize): u32 {
  const out = Record.ptr(pc, ScatterAddRowsField.Out);
  const ids = Record.ptr(pc, ScatterAddRowsField.Ids);
  const rows = Record.u32(pc, ScatterAddRowsField.Rows);
  const columns = Record.u32(pc, ScatterAddRowsField.Columns);
  const tableRows = Record.u32(pc, ScatterAddRowsField.TableRows);
  const rowBytes = (<usize>columns) << 2;
  let dy = Record.ptr(pc, ScatterAddRowsField.Dy);
  memory.fill(out, 0, <usize>tableRows * rowBytes);
  for (let r: u32 = 0; r < rows; ++r) {
    const id = load<u32>(ids + ((<usize>r) << 2));
    if (id >= tableRows) return outOfRange(r);
    let to = out + <usize>id * rowBytes;
    const end = to + ((<usize>columns & ~3) << 2);
    for (; to !== end; to += 16, dy += 16) v128.store(to, f32x4.add(v128.load(to), v128.load(dy)));
    const rest = columns & 3;
    if (rest) {
      Lanes.storeTail(to, f32x4.add(Lanes.loadTail(to, rest), Lanes.loadTail(dy, rest)), rest);
      dy += (<usize>rest) << 2;
    }
  }
  return Status.Ok;
}
