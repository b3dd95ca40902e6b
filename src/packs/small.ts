// The pack of small networks: kernels that do several records of a step at once.
//
// Place: named by core/rewrite-by-pack.ts. Invariant: as for every pack; no op needs it.

import { kernelsSmall } from "../../build/generated/kernels-small.js";
import { Op } from "../abi.ts";
import { bytesOf } from "./inflate.ts";
import type { KernelPack } from "./kernel-pack.ts";

export const smallKernels: KernelPack = {
  name: "small",
  open: () => bytesOf(kernelsSmall),
  slot: Op.DenseForward,
};
