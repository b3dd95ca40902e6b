/**
 * Report. Place: a kernel of the tape; how losses and metrics leave a call of many steps.
 * Invariant: one row of reports per step of the call.
 */
import { ReportField, Status, Uniform } from "../../../src/abi";
import { Record, Uniforms } from "../../tape/record";

// report: Reports[CallStep·ReportWidth + Slot] = value[0]
export function report(pc: usize): u32 {
  const slot =
    Uniforms.u32(Uniform.CallStep) * Uniforms.u32(Uniform.ReportWidth) + Record.u32(pc, ReportField.Slot);
  store<f32>(
    <usize>Uniforms.u32(Uniform.Reports) + ((<usize>slot) << 2),
    load<f32>(Record.ptr(pc, ReportField.Value)),
  );
  return Status.Ok;
}
