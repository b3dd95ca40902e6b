// The pack of convolution and pooling.
//
// Place: named by the definitions of src/ops/ that are about images. Invariant: as for every pack.

import { kernelsImage } from "../../build/generated/kernels-image.js";
import { Op } from "../abi.ts";
import { openText } from "./inflate.ts";
import type { KernelPack } from "./kernel-pack.ts";

export const imageKernels: KernelPack = {
  name: "image",
  open: () => openText(kernelsImage),
  slot: Op.Conv2d,
};
