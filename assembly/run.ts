/**
 * What every core exports: executes tapes.
 * Place: last stage of the pipeline, called once per slice of steps; index.ts and predict.ts add the kernels.
 * Invariant: a step that fails leaves the step counters as they were, so that the host can run it again.
 */
import { Abi, Status, Uniform } from "../src/abi";
import { step } from "./tape/dispatch";
import { heapBase, KERNELS } from "./tape/kernel-table";
import { setUniforms, Uniforms } from "./tape/record";

/**
 * Runs the tape `steps` times and returns a Status. On failure Uniform.Fault holds the address of the record.
 * The tape and the uniforms table (see Uniform in src/abi.ts) are 4-byte aligned addresses in this memory.
 */
export function run(tape: usize, uniformsTable: usize, steps: u32): u32 {
  setUniforms(uniformsTable);
  Uniforms.set(Uniform.CallStep, 0);
  for (; steps; --steps) {
    const status = step(tape);
    if (status !== Status.Ok) return status;
  }
  return Status.Ok;
}

export function abiVersion(): u32 {
  return Abi.Version;
}

export { heapBase };

/** Address of the table of kernels, which packs add theirs to. */
export function kernels(): usize {
  return KERNELS;
}
