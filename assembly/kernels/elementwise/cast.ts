/**
 * Cast. Place: a kernel of the tape. Invariant: From and To are DTypes; the work is convert's.
 */
import { CastField, Status } from "../../../src/abi";
import { Record } from "../../tape/record";
import { convert } from "./convert";

// cast: out[i] = (To) a[i]   out, a: [n]; out may alias a where the sizes are equal
export function cast(pc: usize): u32 {
  convert(
    Record.ptr(pc, CastField.Out),
    Record.ptr(pc, CastField.A),
    Record.u32(pc, CastField.N),
    Record.u32(pc, CastField.From),
    Record.u32(pc, CastField.To),
  );
  return Status.Ok;
}
