/**
 * Convolution's tape records: reads the algorithm that the host chose and calls it.
 * Place: between dispatch and the kernels beside it. Invariant: every algorithm gives the results of ConvField;
 * their bits may differ, so the choice depends on the shape of one sample alone.
 */
import { Status } from "../../../src/abi";
import { ConvAlgorithm, ConvField } from "../../../src/abi-image";
import { Record } from "../../tape/record";
import { convDirect } from "./direct";
import { convLanes } from "./lanes";
import { convPlain } from "./plain";
import { convWinograd } from "./winograd";

// out = act(bias + Σ a·b)   see ConvField
export function conv2d(pc: usize): u32 {
  const algorithm = Record.u32(pc, ConvField.Algorithm);
  if (algorithm === ConvAlgorithm.Direct) convDirect(pc, false, 0);
  else if (algorithm === ConvAlgorithm.Lanes) convLanes(pc, false);
  else if (algorithm === ConvAlgorithm.Winograd) convWinograd(pc, false);
  else convPlain(pc);
  return Status.Ok;
}
