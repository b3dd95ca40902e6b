/**
 * The tape record of the gradient of a convolution's weights and bias.
 * Place: between dispatch and the kernels beside it. Invariant: as in conv.ts.
 */
import { Status } from "../../../src/abi";
import { ConvAlgorithm, ConvField } from "../../../src/abi-image";
import { Record } from "../../tape/record";
import { convBiasGrad } from "./bias-grad";
import { convWeightGradDirect } from "./direct-weight-grad";
import { convWeightGradLanes } from "./lanes-weight-grad";
import { convWeightGradPlain } from "./plain";
import { convWeightGradWinograd } from "./winograd-weight-grad";

// dw and db from x and dy   see ConvField
export function conv2dWeightGrad(pc: usize): u32 {
  const db = Record.ptr(pc, ConvField.Bias);
  if (db) {
    const pixels = Record.u32(pc, ConvField.OH) * Record.u32(pc, ConvField.OW);
    const images = Record.u32(pc, ConvField.N);
    convBiasGrad(db, Record.ptr(pc, ConvField.B), images, pixels, Record.u32(pc, ConvField.F));
  }
  const algorithm = Record.u32(pc, ConvField.Algorithm);
  // Fewer images would leave lanes idle.
  const few = Record.u32(pc, ConvField.N) < 4;
  if (algorithm === ConvAlgorithm.Direct || (few && algorithm === ConvAlgorithm.Lanes))
    convWeightGradDirect(pc);
  else if (algorithm === ConvAlgorithm.Winograd) convWeightGradWinograd(pc);
  else if (algorithm === ConvAlgorithm.Lanes) convWeightGradLanes(pc);
  else convWeightGradPlain(pc);
  return Status.Ok;
}
