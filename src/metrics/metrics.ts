// Metrics: numbers reported beside the loss, computed in the core.
//
// Place: compile.ts appends them behind the forward pass. Invariant: each is a mean over the samples of a batch, so
// that batches combine by their sizes.

import type { GraphBuilder } from "../graph/builder.ts";
import type { AnyNode } from "../graph/ops.ts";

export interface Metric {
  readonly name: string;
  /** A scalar. */
  build(b: GraphBuilder, output: AnyNode, target: AnyNode): AnyNode;
}

/**
 * Share of correct decisions: the largest logit against the label (or the largest target), or for a single output
 * per target its sign as a logit against a target of 0 or 1.
 */
export const accuracy = (): Metric => ({
  name: "accuracy",
  build(b, output, target) {
    if (target.dtype === "i32") {
      const labels = b.add("cast", [target], { to: "f32" });
      return b.reduceAll("mean", b.binary("equal", b.add("argMax", [output], {}), labels));
    }
    if (output.shape.at(-1) !== 1) {
      const [got, want] = [b.add("argMax", [output], {}), b.add("argMax", [target], {})];
      return b.reduceAll("mean", b.binary("equal", got, want));
    }
    const decided = b.unary("step", output);
    const wanted = b.unary("step", b.affine(target, 1, -0.5));
    return b.reduceAll("mean", b.binary("equal", decided, wanted));
  },
});

/** Mean absolute error. */
export const meanAbsoluteError = (): Metric => ({
  name: "mae",
  build: (b, output, target) => b.reduceAll("mean", b.unary("abs", b.sub(output, target))),
});
