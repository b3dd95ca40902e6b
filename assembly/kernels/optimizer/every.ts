/**
 * What happens in one step of N alone: the update from accumulated gradients. Place: a kernel of the tape.
 * Invariant: the End record behind it ends all other steps. That record is skipped by way of the length that this one
 * says it has, written anew each time, so that dispatch knows nothing of it.
 */
import { EndField, EveryField, Header, Status, Uniform } from "../../../src/abi";
import { Record, Uniforms } from "../../tape/record";

const OWN: u32 = EveryField.Count << 2;
const END: u32 = EndField.Count << 2;

// every: (step + 1) mod n = 0 ? over the End record that follows : on to it
export function every(pc: usize): u32 {
  const step = ((<u64>Uniforms.u32(Uniform.StepHigh)) << 32) | Uniforms.u32(Uniform.StepLow);
  const due = (step + 1) % Record.u32(pc, EveryField.N) === 0;
  store<u32>(pc + (Header.Bytes << 2), due ? OWN + END : OWN);
  return Status.Ok;
}
