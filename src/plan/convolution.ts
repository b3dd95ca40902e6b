// How a convolution is computed, and the working memory that takes.
//
// Place: read by the planner, the encoder and `inspect`. Invariant: the algorithm depends on the shape of one sample
// alone, never on the batch, so that a sample's bits do not depend on its company.

import { ConvAlgorithm } from "../abi-image.ts";

/** What a convolution or one of its gradients computes. */
export type ConvKind = "forward" | "inputGrad" | "weightGrad";

/** Sizes of a convolution, as in ConvField: those of the forward pass, whatever the kind. */
export interface ConvShape {
  readonly n: number;
  readonly h: number;
  readonly w: number;
  readonly c: number;
  readonly f: number;
  readonly kernelH: number;
  readonly kernelW: number;
  readonly outH: number;
  readonly outW: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly dilationY: number;
  readonly dilationX: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly groups: number;
}

/** The fastest algorithm for the shape. */
export function convAlgorithm(_kind: ConvKind, _shape: ConvShape): ConvAlgorithm {
  return ConvAlgorithm.Plain;
}

/** Bytes of ConvField.Work that the algorithm may overwrite. */
export function convWorkBytes(_kind: ConvKind, _shape: ConvShape, _algorithm: ConvAlgorithm): number {
  return 0;
}
