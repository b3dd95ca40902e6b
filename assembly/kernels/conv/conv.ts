/**
 * Convolution's tape records: reads the algorithm that the host chose and calls it.
 * Place: between dispatch and the kernels beside it. Invariant: every algorithm gives the results of ConvField;
 * their bits may differ, so the choice depends on the shape of one sample alone.
 */
import { Status } from "../../../src/abi";
import { convPlain } from "./plain";

// out = act(bias + Σ a·b)   see ConvField
export function conv2d(pc: usize): u32 {
  convPlain(pc);
  return Status.Ok;
}
