// The pack of sequences: recurrent layers and the gradient of embeddings.
//
// Place: named by the definitions of src/ops/recurrent.ts and by the factory of embeddings. Invariant: as for every pack.

import { kernelsSequence } from "../../build/generated/kernels-sequence.js";
import { Op } from "../abi.ts";
import { openText } from "./inflate.ts";
import type { KernelPack } from "./kernel-pack.ts";

export const sequenceKernels: KernelPack = {
  name: "sequence",
  open: () => openText(kernelsSequence),
  slot: Op.Rnn,
};
