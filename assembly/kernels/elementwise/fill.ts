/**
 * Fill. Place: a kernel of the tape. Invariant: writes out[0…n−1] and nothing else.
 */
import { FillField, Status } from "../../../src/abi";
import { Lanes } from "../../simd/lanes";
import { Record } from "../../tape/record";

// fill: out[i] = value   out: [n]; overwrites
export function fill(pc: usize): u32 {
  let out = Record.ptr(pc, FillField.Out);
  const n = Record.u32(pc, FillField.N);
  const value = f32x4.splat(Record.f32(pc, FillField.Value));
  const end = out + ((<usize>n & ~3) << 2);
  for (; out !== end; out += 16) v128.store(out, value);
  if (n & 3) Lanes.storeTail(out, value, n & 3);
  return Status.Ok;
}
