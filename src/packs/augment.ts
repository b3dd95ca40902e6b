// The pack of augmentation.
//
// Place: named by the definitions of src/ops/ that change pictures at random. Invariant: as for every pack.

import { kernelsAugment } from "../../build/generated/kernels-augment.js";
import { Op } from "../abi.ts";
import { openText } from "./inflate.ts";
import type { KernelPack } from "./kernel-pack.ts";

export const augmentKernels: KernelPack = {
  name: "augment",
  open: () => openText(kernelsAugment),
  slot: Op.AugmentTone,
};
