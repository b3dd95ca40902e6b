// Losses on classes: cross-entropy, negative log-likelihood, focal and margin losses over the last axis.
//
// Place: factories of the public API. C classes are the last axis of the output [N, …, C]; labels are integers [N, …].
// Invariant: an element with weight 0 (an ignored label) adds nothing to the loss, its gradient, or what a mean divides by.

import { ConfigError } from "../errors.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { AnyNode } from "../graph/ops.ts";
import { withGeneral } from "../packs/general.ts";
import { formatShape, type Shape } from "../shape.ts";
import {
  badLossOption,
  checkReduction,
  type Loss,
  type LossOptions,
  labelsOf,
  lossNumber,
  lossWeights,
  overSample,
  sameAsOutput,
} from "./loss.ts";

interface ClassOptions extends LossOptions {
  /** Weight of each class; a mean divides by the sum of the weights used (PyTorch's `weight`). */
  classWeights?: readonly number[];
  /** Elements with this label count nothing (PyTorch's `ignore_index`). */
  ignoreLabel?: number;
}

/** Labels that are valid everywhere, and each element's weight (nothing: 1). */
function weigh(
  b: GraphBuilder,
  labels: AnyNode,
  weights: readonly number[] | undefined,
  ignored: number | undefined,
): { labels: AnyNode; weight: AnyNode | undefined } {
  let clean = labels;
  let weight: AnyNode | undefined;
  if (ignored !== undefined) {
    const numbers = b.add("cast", [labels], { to: "f32" });
    weight = b.affine(b.binary("equal", numbers, b.fill([], ignored)), -1, 1);
    clean = b.add("cast", [b.mul(numbers, weight)], { to: "i32" });
  }
  if (weights) {
    const table = b.add("constant", [], { shape: [weights.length, 1], data: weights });
    const own = b.reshape(b.add("gatherRows", [table, clean], {}), labels.shape);
    weight = weight ? b.mul(weight, own) : own;
  }
  return { labels: clean, weight };
}

function checkClasses(name: string, weights: readonly number[] | undefined, shape: Shape): void {
  if (weights && shape.at(-1) !== weights.length)
    throw new ConfigError(
      "loss/option",
      `${name}: classWeights has ${weights.length} numbers for an output of ${formatShape(shape)}`,
      { option: "classWeights" },
    );
}

/** A loss with one value per label. */
function labelled(
  name: string,
  options: ClassOptions,
  rows: (b: GraphBuilder, output: AnyNode, labels: AnyNode, weight: AnyNode | undefined) => AnyNode,
): Loss {
  const reduction = checkReduction(name, options.reduction);
  const weights = lossWeights(name, "classWeights", options.classWeights);
  const { ignoreLabel } = options;
  if (ignoreLabel !== undefined && !Number.isInteger(ignoreLabel))
    throw badLossOption(name, "ignoreLabel", "a whole number", ignoreLabel);
  const weighted = weights !== undefined || ignoreLabel !== undefined;
  // With weights a mean is Σ over all elements / Σ of their weights, so samples are summed.
  const inner = weighted ? "sum" : reduction;
  return {
    name,
    reduction,
    target: labelsOf,
    perSample(b, output, target) {
      checkClasses(name, weights, output.shape);
      const { labels, weight } = weigh(b, target, weights, ignoreLabel);
      return overSample(b, rows(b, output, labels, weight), inner);
    },
    ...(weighted && {
      weight: (b, _, target) => overSample(b, weigh(b, target, weights, ignoreLabel).weight!, "sum"),
    }),
  };
}

const times = (b: GraphBuilder, values: AnyNode, weight: AnyNode | undefined): AnyNode =>
  weight ? b.mul(values, weight) : values;

const overClasses = (b: GraphBuilder, values: AnyNode): AnyNode =>
  b.reduce("sum", values, [values.shape.length - 1]);

/** −Σ_c w_c·t_c·log p_c with t smoothed, p given by its logarithms. */
function againstProbabilities(
  b: GraphBuilder,
  logs: AnyNode,
  t: AnyNode,
  smoothing: number,
  weights: readonly number[] | undefined,
): AnyNode {
  const classes = logs.shape.at(-1) as number;
  const smooth = b.affine(t, 1 - smoothing, smoothing / classes);
  const own = weights ? b.mul(smooth, b.add("constant", [], { shape: [classes], data: weights })) : smooth;
  return b.affine(overClasses(b, b.mul(logs, own)), -1);
}

/**
 * Softmax cross-entropy from logits [N, …, C].
 *
 * `targets: "labels"` (default) takes integers [N, …]; `"probabilities"` takes [N, …, C]. `labelSmoothing` s mixes the
 * targets with s/C of every class; `classWeights` and `ignoreLabel` are PyTorch's `weight` and `ignore_index`.
 */
export function softmaxCrossEntropy(
  options: ClassOptions & { targets?: "labels" | "probabilities"; labelSmoothing?: number } = {},
): Loss {
  const name = "softmaxCrossEntropy";
  const { targets = "labels" } = options;
  const smoothing = lossNumber(name, "labelSmoothing", options.labelSmoothing ?? 0, 0, 1);
  const weights = lossWeights(name, "classWeights", options.classWeights);
  if (targets !== "labels" && targets !== "probabilities")
    throw badLossOption(name, "targets", '"labels" or "probabilities"', targets);
  if (targets === "probabilities") {
    const reduction = checkReduction(name, options.reduction);
    if (options.ignoreLabel !== undefined)
      throw badLossOption(name, "ignoreLabel", 'left out with targets: "probabilities"', options.ignoreLabel);
    return {
      name,
      reduction,
      target: sameAsOutput,
      perSample(b, logits, target) {
        checkClasses(name, weights, logits.shape);
        const logs = b.add("softmax", [logits], { log: true });
        return overSample(b, againstProbabilities(b, logs, target, smoothing, weights), reduction);
      },
    };
  }
  return labelled(name, options, (b, logits, labels, weight) => {
    const rows = times(b, b.add("softmaxCrossEntropy", [logits, labels], {}), weight);
    if (smoothing === 0) return rows;
    const logs = b.add("softmax", [logits], { log: true });
    // The share of every class carries the class's own weight, not the label's.
    const even = againstProbabilities(b, logs, b.fill([], 0), 1, weights);
    const counted = options.ignoreLabel === undefined ? even : b.mul(even, present(b, weight!));
    return b.addUp(b.affine(rows, 1 - smoothing), b.affine(counted, smoothing));
  });
}

/** 1 where a weight is above 0, so that a label that is ignored counts nothing in any term. */
const present = (b: GraphBuilder, weight: AnyNode): AnyNode => b.unary("step", weight);

/** [.., C] with 1 at the label. */
function oneHot(b: GraphBuilder, labels: AnyNode, classes: number): AnyNode {
  const numbers = Array.from({ length: classes }, (_, i) => i);
  const column = b.reshape(b.add("cast", [labels], { to: "f32" }), [...labels.shape, 1]);
  return b.binary("equal", column, b.add("constant", [], { shape: [classes], data: numbers }));
}

/** Σ over the classes of x at the label: x[label]. */
const picked = (b: GraphBuilder, x: AnyNode, labels: AnyNode): AnyNode =>
  overClasses(b, b.mul(x, oneHot(b, labels, x.shape.at(-1) as number)));

/** −y[label] for log-probabilities y [N, …, C] and integer labels [N, …]. */
export const negativeLogLikelihood = (options: ClassOptions = {}): Loss =>
  labelled("negativeLogLikelihood", options, (b, y, labels, weight) =>
    times(b, b.affine(picked(b, y, labels), -1), weight),
  );

/** Focal loss −(1 − p)^γ·log p of the label's probability p, from logits [N, …, C]. Lin et al. 2017; γ defaults to 2. */
export function categoricalFocal(options: ClassOptions & { gamma?: number } = {}): Loss {
  const gamma = lossNumber("categoricalFocal", "gamma", options.gamma ?? 2, 0, 100);
  return withGeneral(
    labelled("categoricalFocal", options, (b, logits, labels, weight) => {
      const cross = b.add("softmaxCrossEntropy", [logits, labels], {});
      if (gamma === 0) return times(b, cross, weight);
      // 1 − p = 1 − e^−L; at least 1e-12, so that a power of it has a slope
      const rest = b.unary("clamp", b.affine(b.unary("expm1", b.affine(cross, -1)), -1), 1e-12, 1);
      const factor = b.unary("exp", b.affine(b.unary("log", rest), gamma));
      return times(b, b.mul(factor, cross), weight);
    }),
  );
}

/** Σ over classes c ≠ label of max(0, margin − y[label] + y[c])^p / C, p = 1 or 2 (PyTorch's multi_margin). */
export function multiMargin(options: ClassOptions & { margin?: number; p?: 1 | 2 } = {}): Loss {
  const { margin = 1, p = 1 } = options;
  if (p !== 1 && p !== 2) throw badLossOption("multiMargin", "p", "1 or 2", p);
  return labelled("multiMargin", options, (b, y, labels, weight) => {
    const classes = y.shape.at(-1) as number;
    const own = oneHot(b, labels, classes);
    const best = b.reshape(overClasses(b, b.mul(y, own)), [...labels.shape, 1]);
    const over = b.unary("relu", b.affine(b.sub(y, best), 1, margin));
    const others = b.mul(p === 2 ? b.unary("square", over) : over, b.affine(own, -1, 1));
    return times(b, b.affine(overClasses(b, others), 1 / classes), weight);
  });
}

/**
 * Mean over the last axis of binary cross-entropies from logits, one decision per class, targets 0 or 1 of the same
 * shape (PyTorch's multilabel_soft_margin).
 */
export function multilabelSoftMargin(options: LossOptions & { classWeights?: readonly number[] } = {}): Loss {
  const name = "multilabelSoftMargin";
  const reduction = checkReduction(name, options.reduction);
  const weights = lossWeights(name, "classWeights", options.classWeights);
  return withGeneral({
    name,
    reduction,
    target: sameAsOutput,
    perSample(b, z, t) {
      checkClasses(name, weights, z.shape);
      const classes = z.shape.at(-1) as number;
      // log(1 + e^z) − z·t
      const each = b.sub(b.unary("softplus", z, 1, 20), b.mul(z, t));
      const own = weights ? b.mul(each, b.add("constant", [], { shape: [classes], data: weights })) : each;
      return overSample(b, b.reduce("mean", own, [z.shape.length - 1]), reduction);
    },
  });
}
