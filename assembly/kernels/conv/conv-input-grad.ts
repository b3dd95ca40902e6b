/**
 * The tape record of the gradient of a convolution's input, which is transposed convolution too.
 * Place: between dispatch and the kernels beside it. Invariant: as in conv.ts.
 */
import { Status } from "../../../src/abi";
import { convInputGradPlain } from "./plain";

// dx from dy and the weights   see ConvField
export function conv2dInputGrad(pc: usize): u32 {
  convInputGradPlain(pc);
  return Status.Ok;
}
