/**
 * Index of the largest. Place: a kernel of the tape, for accuracy. Invariant: the first of equals wins; NaN never does,
 * unless it is the first element.
 */
import { ArgMaxField, Status } from "../../../src/abi";
import { Record } from "../../tape/record";

// argMax: out[r] = first c with the largest a[r, c], as f32   a: [Rows, Columns], out: [Rows]; overwrites
export function argMax(pc: usize): u32 {
  let out = Record.ptr(pc, ArgMaxField.Out);
  let a = Record.ptr(pc, ArgMaxField.A);
  const columns = Record.u32(pc, ArgMaxField.Columns);
  for (let rows = Record.u32(pc, ArgMaxField.Rows); rows; --rows, out += 4) {
    let best = load<f32>(a);
    let index: u32 = 0;
    for (let c: u32 = 0; c < columns; ++c, a += 4) {
      const x = load<f32>(a);
      if (x > best) {
        best = x;
        index = c;
      }
    }
    store<f32>(out, <f32>index);
  }
  return Status.Ok;
}
