// What a loss is, and what all losses share: checked options, reduction over a sample, weights of a mean.
//
// Place: every file of this folder builds on it; train/ records a loss as ops before anything is compiled.
// Invariant: `perSample` gives [N]; weighting and reduction over the batch are the same for every loss.

import { ConfigError, ShapeError } from "../errors.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { AnyNode, DTypeName } from "../graph/ops.ts";
import { withGeneral } from "../packs/general.ts";
import { type Dim, formatShape, type Shape, sameShape } from "../shape.ts";

export type Reduction = "mean" | "sum";

/** Shape and type of an input. */
export interface TargetSpec {
  readonly shape: Shape;
  readonly dtype: DTypeName;
}

export interface Loss {
  readonly name: string;
  readonly reduction: Reduction;
  /** Shape and type of the targets that go with an output; nothing where a loss needs none. */
  target(output: Shape): TargetSpec | undefined;
  /** One value per sample, [N]: the mean (or sum) over the sample's elements, times their weights. */
  perSample(b: GraphBuilder, output: AnyNode, target: AnyNode): AnyNode;
  /** [N]: what a mean over the batch divides by the sum of, where that is not 1 per sample (class weights). */
  weight?(b: GraphBuilder, output: AnyNode, target: AnyNode): AnyNode;
}

export interface LossOptions {
  /** "mean" over the batch and the sample's elements (default), or "sum". */
  reduction?: Reduction;
}

export type Values = (b: GraphBuilder, output: AnyNode, target: AnyNode) => AnyNode;

export const sameAsOutput = (shape: Shape): TargetSpec => ({ shape, dtype: "f32" });

/** One integer for each row of classes. */
export const labelsOf = (shape: Shape): TargetSpec => ({
  shape: shape.slice(0, -1) as readonly Dim[],
  dtype: "i32",
});

/** Mean or sum over all axes but the batch. */
export function overSample(b: GraphBuilder, values: AnyNode, reduction: Reduction): AnyNode {
  if (values.shape.length === 1) return values;
  return b.reduce(
    reduction,
    values,
    values.shape.slice(1).map((_, i) => i + 1),
  );
}

export function badLossOption(name: string, option: string, expected: string, got: unknown): ConfigError {
  return new ConfigError("loss/option", `${name}: ${option} must be ${expected}, got ${String(got)}`, {
    option,
  });
}

export function checkReduction(name: string, reduction: Reduction = "mean"): Reduction {
  if (reduction === "mean" || reduction === "sum") return reduction;
  throw badLossOption(name, "reduction", '"mean" or "sum"', reduction);
}

/** A number in [low, high] (or above low, where `open`). */
export function lossNumber(
  name: string,
  option: string,
  value: number,
  low: number,
  high: number,
  open = false,
): number {
  if (Number.isFinite(value) && (open ? value > low : value >= low) && value <= high) return value;
  throw badLossOption(name, option, `a number from ${low} to ${high}${open ? ", not the first" : ""}`, value);
}

/** A list of finite numbers ≥ 0, not all 0. */
export function lossWeights(
  name: string,
  option: string,
  values: readonly number[] | undefined,
): readonly number[] | undefined {
  if (values === undefined) return undefined;
  const list = Array.from(values);
  if (list.length > 0 && list.every((v) => Number.isFinite(v) && v >= 0) && list.some((v) => v > 0))
    return list;
  throw badLossOption(name, option, "a list of numbers ≥ 0, one of them above 0", JSON.stringify(values));
}

/** A loss with one value for each element of output and target, which have one shape. */
export function elementwise(name: string, options: LossOptions, values: Values): Loss {
  const reduction = checkReduction(name, options.reduction);
  return {
    name,
    reduction,
    target: sameAsOutput,
    perSample(b, output, target) {
      if (!sameShape(output.shape, target.shape))
        throw new ShapeError(
          "loss/shape",
          `${name}: expected targets ${formatShape(output.shape)}, got ${formatShape(target.shape)}`,
        );
      return overSample(b, values(b, output, target), reduction);
    },
  };
}

/**
 * A loss written in graph ops. It may be anything that the ops of the builder express; it is recorded when a trainer
 * is made, so that a checkpoint holds it as plain data.
 *
 * @param values gives one value per element or sample; axes behind the batch are averaged (or summed)
 * @example
 * const quartic = customLoss((ops, output, target) => ops.unary("square", ops.unary("square", ops.sub(output, target))));
 */
export function customLoss(
  values: Values,
  options: LossOptions & { name?: string; targets?: "values" | "labels" | "none" } = {},
): Loss {
  const { name = "custom", targets = "values" } = options;
  const reduction = checkReduction(name, options.reduction);
  return withGeneral({
    name,
    reduction,
    target: (shape) =>
      targets === "none" ? undefined : targets === "labels" ? labelsOf(shape) : sameAsOutput(shape),
    perSample: (b, output, target) => overSample(b, values(b, output, target), reduction),
  });
}
