/**
 * The tape record of the gradient of a convolution's weights and bias.
 * Place: between dispatch and the kernels beside it. Invariant: as in conv.ts.
 */
import { Status } from "../../../src/abi";
import { ConvAlgorithm, ConvField } from "../../../src/abi-image";
import { Record } from "../../tape/record";
import { convBiasGrad } from "./bias-grad";
import { convWeightGradDirect } from "./direct-weight-grad";
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
  if (algorithm === ConvAlgorithm.Direct) convWeightGradDirect(pc);
  else if (algorithm === ConvAlgorithm.Winograd) convWeightGradWinograd(pc);
  else convWeightGradPlain(pc);
  return Status.Ok;
}
