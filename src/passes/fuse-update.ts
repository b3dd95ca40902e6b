// Chooses the weight gradients that the update computes itself: with one row a step, plain SGD on an outer product.
//
// Place: between autodiff and the update nodes. Chosen by shape alone. Invariant: the bits are those of the unfused
// form, which `gradients()` and the probe still run. Larger batches and Adam were measured not to gain (see
// docs/decisions/0010-fused-updates.md).

import type { GraphBuilder } from "../graph/builder.ts";
import type { AnyNode, FusedGradient, UpdateRule } from "../graph/ops.ts";
import { product } from "../shape.ts";

/** Below this the records of the runs that a fused weight cuts apart cost more than is gained. */
const LEAST_ELEMENTS = 4096;

export interface Fusion {
  readonly fused: readonly FusedGradient[];
  /** Operands a and b of each. */
  readonly operands: readonly AnyNode[];
}

const isPlainSgd = (rule: UpdateRule): boolean =>
  rule.kind === "sgd" && rule.momentum === 0 && rule.weightDecay === 0;

/**
 * @param gradients gradient node by parameter name
 * @param batchSize rows that the trainer plans for
 */
export function fuseUpdate(
  b: GraphBuilder,
  rule: UpdateRule,
  gradients: ReadonlyMap<string, AnyNode>,
  batchSize: number,
): Fusion {
  const fused: FusedGradient[] = [];
  const operands: AnyNode[] = [];
  for (const [parameter, g] of batchSize === 1 && isPlainSgd(rule) ? gradients : []) {
    if (g.op !== "matmul" || !g.attrs.transA || g.attrs.transB) continue;
    const [x, dy] = g.inputs.map((id) => b.at(id)) as [AnyNode, AnyNode];
    // One row: a matrix whose rows are the batch, not the batch times something.
    const rows = x.shape[0]!;
    const single = typeof rows !== "number" && rows.factor === 1 && rows.batch === 1 && rows.time === 0;
    if (!single || x.shape.length !== 2 || product(g.shape as number[]) < LEAST_ELEMENTS) continue;
    if (b.nodes.some((node) => node.inputs.includes(g.id))) continue;
    fused.push({ parameter, gradient: g.id });
    operands.push(x, dy);
  }
  return { fused, operands };
}
