// The losses of PyTorch that the library has, through its public factories.
//
// Place: support table of `loss:*` op cases and of losses in opinfo. Invariant: reductions, weights and smoothing are
// what a user would do with targets and sampleWeights; the loss itself is always the library's `perSample`.

import type { GraphBuilder } from "../../src/graph/builder.ts";
import type { AnyNode } from "../../src/graph/ops.ts";
import { multilabelSoftMargin, multiMargin } from "../../src/losses/classes.ts";
import {
  binaryCrossEntropy,
  hingeEmbedding,
  huber,
  klDivergence,
  type Loss,
  mae,
  mse,
  negativeLogLikelihood,
  poisson,
  softMargin,
  softmaxCrossEntropy,
} from "../../src/losses/losses.ts";
import { cosineEmbedding, gaussianNll, marginRanking, triplet } from "../../src/losses/pairs.ts";
import { product } from "../../src/shape.ts";
import { type Attributes, type GoldenTensor, Missing, refuseOptions } from "./cases.ts";
import { dimsOf } from "./expressions.ts";

/** A loss case: nodes of its tensors, and the numbers of those that are data rather than variables. */
export interface LossInputs {
  readonly input: AnyNode;
  readonly target: AnyNode;
  readonly targetData: GoldenTensor;
  readonly weight?: GoldenTensor;
  readonly posWeight?: GoldenTensor;
  readonly options: Attributes;
}

type LossBuilder = (b: GraphBuilder, given: LossInputs) => AnyNode;

const reductionOf = (options: Attributes): string => String(options.reduction ?? "mean");

function reduced(b: GraphBuilder, values: AnyNode, options: Attributes, meanOf = 1): AnyNode {
  const reduction = reductionOf(options);
  if (reduction === "none") return values;
  if (reduction === "sum") return b.reduceAll("sum", values);
  return meanOf === 1 ? b.reduceAll("mean", values) : b.affine(b.reduceAll("sum", values), 1 / meanOf);
}

const constant = (b: GraphBuilder, shape: readonly number[], data: readonly number[]): AnyNode =>
  b.add("constant", [], { shape, data });

/** One value per element: every element is a sample of its own. */
function perElement(b: GraphBuilder, loss: Loss, x: AnyNode, t: AnyNode): AnyNode {
  const n = product(dimsOf(x));
  return b.reshape(loss.perSample(b, b.reshape(x, [n, 1]), b.reshape(t, [n, 1])), dimsOf(x));
}

const elementwise =
  (known: readonly string[], make: (options: Attributes) => { loss: Loss; scale?: number }): LossBuilder =>
  (b, { input, target, options }) => {
    refuseOptions(options, ["type", "reduction", ...known], "loss", String(options.type));
    const { loss, scale = 1 } = make(options);
    return reduced(b, b.affine(perElement(b, loss, input, target), scale), options);
  };

/** Losses of single decisions with `weight` per element and `pos_weight` per column. */
const binary =
  (fromLogits: boolean): LossBuilder =>
  (b, { input, target, weight, posWeight, options }) => {
    refuseOptions(options, ["type", "reduction", "weight", "pos_weight"], "loss", String(options.type));
    if (posWeight && posWeight.shape.length !== 1) throw new Missing("loss", "a pos_weight of several axes");
    const loss = binaryCrossEntropy({
      fromLogits,
      ...(posWeight && { positiveWeight: posWeight.data }),
    });
    const values = posWeight ? perColumn(b, loss, input, target) : perElement(b, loss, input, target);
    return reduced(b, weight ? b.mul(values, constant(b, weight.shape, weight.data)) : values, options);
  };

/** As perElement, keeping the last axis for a loss that knows its columns: one column at a time is not needed. */
function perColumn(b: GraphBuilder, loss: Loss, x: AnyNode, t: AnyNode): AnyNode {
  // A loss averages over a sample's elements, so every element is made a sample with the other columns masked out.
  const columns = dimsOf(x).at(-1)!;
  const rows = product(dimsOf(x)) / columns;
  const wide = (v: AnyNode) => b.expand(b.reshape(v, [rows, 1, columns]), [rows, columns, columns]);
  const eye = constant(
    b,
    [columns, columns],
    Array.from({ length: columns ** 2 }, (_, i) => (i % (columns + 1) === 0 ? 1 : 0)),
  );
  const flat = (v: AnyNode) => b.reshape(v, [rows * columns, columns]);
  const masked = loss.perSample(b, flat(b.mul(wide(x), eye)), flat(b.mul(wide(t), eye)));
  // Masked elements have z = 0 and t = 0, each with a loss of log 2.
  const own = b.affine(masked, columns, -(columns - 1) * Math.LN2);
  return b.reshape(own, dimsOf(x));
}

/** Classes are axis 1 in PyTorch and the last axis here. */
function classesLast(b: GraphBuilder, x: AnyNode): AnyNode {
  if (x.shape.length <= 2) return x;
  const rest = x.shape.map((_, i) => i).slice(2);
  return b.transpose(x, [0, ...rest, 1]);
}

/** Losses over classes: rows of classes with their labels, weighted and ignored by the library. */
const classes =
  (known: readonly string[], make: (options: Attributes, classOptions: object) => Loss): LossBuilder =>
  (b, { input, target, targetData, weight, options }) => {
    refuseOptions(
      options,
      ["type", "reduction", "weight", "ignore_index", ...known],
      "loss",
      String(options.type),
    );
    const y = classesLast(b, input.shape.length === 1 ? b.reshape(input, [1, dimsOf(input)[0]!]) : input);
    const count = dimsOf(y).at(-1)!;
    const shape = dimsOf(y).slice(0, -1);
    const rows = product(shape);
    const labels = targetData.dtype === "i32";
    const ignored = Number(options.ignore_index ?? -100);
    const withWeights = (classWeights: readonly number[] | undefined) =>
      make(options, {
        ...(classWeights && { classWeights }),
        ...(labels && targetData.data.includes(ignored) && { ignoreLabel: ignored }),
        ...(!labels && { targets: "probabilities" }),
      });
    const flat = b.reshape(y, [rows, count]);
    const t = labels ? b.reshape(target, [rows]) : b.reshape(classesLast(b, target), [rows, count]);
    // The library refuses negative weights; a loss is linear in them: l(w) = l(w + k) − k·l(1).
    const least = Math.min(0, ...(weight?.data ?? []));
    const k = least < 0 ? 1 - least : 0;
    const loss = withWeights(weight?.data.map((w) => w + k));
    const even = k > 0 ? withWeights(weight!.data.map(() => 1)) : undefined;
    const shifted = (part: (from: Loss) => AnyNode) =>
      even ? b.sub(part(loss), b.affine(part(even), k)) : part(loss);
    const values = shifted((from) => from.perSample(b, flat, t));
    const counted = loss.weight && shifted((from) => from.weight!(b, flat, t));
    if (reductionOf(options) !== "mean" || !counted) return reduced(b, b.reshape(values, shape), options);
    return b.div(b.reduceAll("sum", values), b.reduceAll("sum", counted));
  };

/** A loss of whole samples. */
const perSample =
  (known: readonly string[], make: (options: Attributes) => Loss): LossBuilder =>
  (b, { input, target, weight, options }) => {
    refuseOptions(options, ["type", "reduction", ...known], "loss", String(options.type));
    if (weight) throw new Missing("loss", `${String(options.type)} with weights`);
    return reduced(b, make(options).perSample(b, input, target), options);
  };

const optional = (options: Attributes, theirs: string, ours: string) =>
  typeof options[theirs] === "number" ? { [ours]: options[theirs] } : {};

export const LOSSES: Readonly<Record<string, LossBuilder>> = {
  mse: elementwise([], () => ({ loss: mse() })),
  l1: elementwise([], () => ({ loss: mae() })),
  huber: elementwise(["delta"], (o) => ({ loss: huber({ delta: Number(o.delta ?? 1) }) })),
  // PyTorch's smooth L1 is its Huber loss divided by beta; with beta 0 it is L1.
  smooth_l1: elementwise(["beta"], (o) => {
    const beta = Number(o.beta ?? 1);
    return beta === 0 ? { loss: mae() } : { loss: huber({ delta: beta }), scale: 1 / beta };
  }),
  bce: binary(false),
  bce_with_logits: binary(true),
  poisson_nll: elementwise(["log_input"], (o) => ({ loss: poisson({ logInput: o.log_input !== false }) })),
  hinge_embedding: elementwise(["margin"], (o) => ({
    loss: hingeEmbedding(optional(o, "margin", "margin")),
  })),
  soft_margin: elementwise([], () => ({ loss: softMargin() })),
  kl_div: (b, { input, target, options }) => {
    refuseOptions(options, ["type", "reduction", "log_target"], "loss", "kl_div");
    const values = perElement(b, klDivergence({ logTarget: options.log_target === true }), input, target);
    if (reductionOf(options) !== "batchmean") return reduced(b, values, options);
    return b.affine(b.reduceAll("sum", values), 1 / dimsOf(input)[0]!);
  },
  cross_entropy: classes(["label_smoothing"], (o, own) =>
    softmaxCrossEntropy({ ...own, labelSmoothing: Number(o.label_smoothing ?? 0) }),
  ),
  nll: classes([], (_, own) => negativeLogLikelihood(own)),
  multi_margin: classes(["p", "margin"], (o, own) =>
    multiMargin({ ...own, ...optional(o, "margin", "margin"), ...optional(o, "p", "p") }),
  ),
  multilabel_soft_margin: perSample([], () => multilabelSoftMargin()),
};

/** Losses on several tensors, which the library takes joined along the last axis. */
export const PAIR_LOSSES: Readonly<
  Record<string, (b: GraphBuilder, ins: Readonly<Record<string, AnyNode>>, options: Attributes) => AnyNode>
> = {
  gaussian_nll: (b, { input, target, var: variance }, o) => {
    refuseOptions(o, ["reduction"], "loss", "gaussian_nll");
    const n = product(dimsOf(input!));
    const column = (x: AnyNode) => b.reshape(x, [n, 1]);
    const output = b.add("concat", [column(input!), column(variance!)], { axis: 1 });
    return reduced(b, b.reshape(gaussianNll().perSample(b, output, column(target!)), dimsOf(input!)), o);
  },
  cosine_embedding: (b, { x1, x2, target }, o) => {
    refuseOptions(o, ["reduction", "margin"], "loss", "cosine_embedding");
    const output = b.add("concat", [x1!, x2!], { axis: 1 });
    return reduced(b, cosineEmbedding(optional(o, "margin", "margin")).perSample(b, output, target!), o);
  },
  margin_ranking: (b, { x1, x2, target }, o) => {
    refuseOptions(o, ["reduction", "margin"], "loss", "margin_ranking");
    const column = (x: AnyNode) => b.reshape(x, [dimsOf(x)[0]!, 1]);
    const output = b.add("concat", [column(x1!), column(x2!)], { axis: 1 });
    const loss = marginRanking(optional(o, "margin", "margin"));
    return reduced(b, loss.perSample(b, output, column(target!)), o);
  },
  triplet_margin: (b, { anchor, positive, negative }, o) => {
    refuseOptions({ ...o, p: o.p === 2 ? 0 : o.p }, ["reduction", "margin"], "loss", "triplet_margin");
    const output = b.add("concat", [anchor!, positive!, negative!], { axis: 1 });
    return reduced(b, triplet(optional(o, "margin", "margin")).perSample(b, output, output), o);
  },
};
