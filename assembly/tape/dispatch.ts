/**
 * Runs the records of one step through a table of kernels.
 * Place: between `run` and the kernels. Kernels are reached by call_indirect alone: that keeps each a function of its
 * own, which the engine can replace by optimized code while a long call of `run` goes on.
 * Invariant: a record is run whole or, if its kernel refuses, the step ends there.
 */
import { EndField, Header, Op, Status, Uniform } from "../../src/abi";
import { KERNELS } from "./kernel-table";
import { Record, Uniforms } from "./record";

/** Runs one step of the tape; counts it if it succeeds. */
export function step(tape: usize): u32 {
  return call_indirect<u32>(load<u32>(KERNELS, Op.End << 2), tape);
}

function runStep(tape: usize): u32 {
  let pc = tape;
  let op = Record.u32(pc, Header.Op);
  while (op !== Op.End) {
    const kernel: u32 = op < <u32>Op.Count ? load<u32>(KERNELS + ((<usize>op) << 2)) : 0;
    const status = kernel ? call_indirect<u32>(kernel, pc) : Status.UnknownOp;
    if (status !== Status.Ok) {
      Uniforms.set(Uniform.Fault, <u32>pc);
      return status;
    }
    pc += Record.u32(pc, Header.Bytes);
    op = Record.u32(pc, Header.Op);
  }
  const low = Uniforms.u32(Uniform.StepLow) + 1;
  Uniforms.set(Uniform.StepLow, low);
  if (low === 0) Uniforms.set(Uniform.StepHigh, Uniforms.u32(Uniform.StepHigh) + 1);
  Uniforms.set(Uniform.CallStep, Uniforms.u32(Uniform.CallStep) + 1);
  const cursor = Uniforms.u32(Uniform.Cursor) + Record.u32(pc, EndField.Rows);
  Uniforms.set(Uniform.Cursor, cursor < Uniforms.u32(Uniform.CursorEnd) ? cursor : 0);
  return Status.Ok;
}

store<u32>(KERNELS, runStep.index, Op.End << 2);
