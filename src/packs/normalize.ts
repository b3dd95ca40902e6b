// The pack of normalization by the statistics of channels.
//
// Place: named by the definitions of src/ops/channel-norm.ts. Invariant: as for every pack.

import { kernelsNormalize } from "../../build/generated/kernels-normalize.js";
import { Op } from "../abi.ts";
import { openText } from "./inflate.ts";
import type { KernelPack } from "./kernel-pack.ts";

export const normalizeKernels: KernelPack = {
  name: "normalize",
  open: () => openText(kernelsNormalize),
  slot: Op.Normalize,
};
