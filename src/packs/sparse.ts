// The pack of products that skip zeros.
//
// Place: named by core/rewrite-by-pack.ts. Invariant: as for every pack; no op needs it.

import { kernelsSparse } from "../../build/generated/kernels-sparse.js";
import { Op } from "../abi.ts";
import { bytesOf } from "./inflate.ts";
import type { KernelPack } from "./kernel-pack.ts";

export const sparseKernels: KernelPack = {
  name: "sparse",
  open: () => bytesOf(kernelsSparse),
  slot: Op.SparseRow,
};
