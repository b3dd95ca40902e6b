// The pack of what a dense classifier with its usual optimizers does not run: rarer functions of numbers, reductions
// other than sums, strided copies, normally distributed numbers, the gradient of softmax.
//
// Place: the factories of layers, losses and optimizers that need it say so. Invariant: as for every pack.

import { kernelsGeneral } from "../../build/generated/kernels-general.js";
import { Op } from "../abi.ts";
import { openText } from "./inflate.ts";
import type { KernelPack } from "./kernel-pack.ts";
import { useKernels } from "./known-packs.ts";

export const generalKernels: KernelPack = {
  name: "general",
  open: () => openText(kernelsGeneral),
  slot: Op.Copy,
};

/** What a factory returns whose records need the pack. */
export function withGeneral<T>(made: T): T {
  useKernels(generalKernels);
  return made;
}
