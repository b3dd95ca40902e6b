/**
 * The tape record of the gradient of a convolution's input, which is transposed convolution too.
 * Place: between dispatch and the kernels beside it. Invariant: as in conv.ts.
 */
import { Status } from "../../../src/abi";
import { ConvAlgorithm, ConvField } from "../../../src/abi-image";
import { Record } from "../../tape/record";
import { convDirect } from "./direct";
import { convLanes } from "./lanes";
import { convInputGradPlain } from "./plain";
import { convWinograd } from "./winograd";

// dx from dy and the weights   see ConvField
export function conv2dInputGrad(pc: usize): u32 {
  const algorithm = Record.u32(pc, ConvField.Algorithm);
  if (algorithm === ConvAlgorithm.Direct) convDirect(pc, true, 0);
  else if (algorithm === ConvAlgorithm.Lanes) convLanes(pc, true);
  else if (algorithm === ConvAlgorithm.Winograd) convWinograd(pc, true);
  else convInputGradPlain(pc);
  return Status.Ok;
}
