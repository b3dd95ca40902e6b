// What the ready architectures have in common.
//
// Place: options of every function of this folder. Invariant: all of them take images of bytes and give one logit a class.

import type { Layer } from "../graph/semantic.ts";

/** Options of every ready architecture. */
export interface ArchitectureOptions {
  /** Layers between the scaling to 0 … 1 and the first convolution: augmentation, as a rule. */
  readonly before?: readonly Layer[];
}
