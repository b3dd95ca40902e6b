// Constraints on weights, applied behind each update.
//
// Place: factories of the public API; layers take them as `kernelConstraint`. Invariant: plain data, saved with the model.

import type { LayerOptions } from "../graph/semantic.ts";
import { withGeneral } from "../packs/general.ts";
import { badOption, type Constraint } from "./definition.ts";

/**
 * Max-norm (Srebro & Shraibman 2005): the weights into each unit are scaled back to a 2-norm of at most `limit`.
 *
 * @example
 * dense(128, { activation: "relu", kernelConstraint: maxNorm(3) });
 */
export function maxNorm(limit: number): Constraint {
  if (!(limit > 0 && Number.isFinite(limit)))
    throw badOption("maxNorm", "limit", "a finite number above 0", limit);
  return withGeneral({ maxNorm: limit });
}

/** The option `kernelConstraint` of a layer whose kernel has its units in the last axis. */
export function constraintOf(layer: string, { kernelConstraint }: LayerOptions): { constraint?: Constraint } {
  if (kernelConstraint === undefined) return {};
  const constraint = kernelConstraint as unknown as Constraint;
  if (!(constraint?.maxNorm > 0)) throw badOption(layer, "kernelConstraint", "maxNorm(…)", kernelConstraint);
  return { constraint };
}
