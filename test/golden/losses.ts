// The losses of PyTorch that the library has, through its public factories.
//
// Place: support table of `loss:*` op cases and of losses in opinfo. Invariant: reductions, weights and smoothing are
// what a user would do with targets and sampleWeights; the loss itself is always the library's `perSample`.

import type { GraphBuilder } from "../../src/graph/builder.ts";
import type { AnyNode } from "../../src/graph/ops.ts";
import {
  binaryCrossEntropy,
  huber,
  type Loss,
  mae,
  mse,
  softmaxCrossEntropy,
} from "../../src/losses/losses.ts";
import { product } from "../../src/shape.ts";
import { type Attributes, type GoldenTensor, refuseOptions } from "./cases.ts";
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

/** t·posWeight·loss(z, 1) + (1 − t)·loss(z, 0) where the positive class has a weight, else loss(z, t). */
const binary: LossBuilder = (b, { input, target, weight, posWeight, options }) => {
  refuseOptions(options, ["type", "reduction", "weight", "pos_weight"], "loss", "bce_with_logits");
  const loss = binaryCrossEntropy();
  let values: AnyNode;
  if (posWeight) {
    const against = (t: number) => perElement(b, loss, input, b.fill(dimsOf(input), t));
    const positive = b.mul(constant(b, posWeight.shape, posWeight.data), target);
    values = b.addUp(b.mul(positive, against(1)), b.mul(b.affine(target, -1, 1), against(0)));
  } else values = perElement(b, loss, input, target);
  if (weight) values = b.mul(values, constant(b, weight.shape, weight.data));
  return reduced(b, values, options);
};

/** Classes are axis 1 in PyTorch and the last axis here. */
function classesLast(b: GraphBuilder, x: AnyNode): AnyNode {
  if (x.shape.length <= 2) return x;
  const rest = x.shape.map((_, i) => i).slice(2);
  return b.transpose(x, [0, ...rest, 1]);
}

const crossEntropy: LossBuilder = (b, { input, target, targetData, weight, options }) => {
  const known = ["type", "reduction", "weight", "ignore_index", "label_smoothing"];
  refuseOptions(options, known, "loss", "cross_entropy");
  const smoothing = Number(options.label_smoothing ?? 0);
  const logits = classesLast(b, input.shape.length === 1 ? b.reshape(input, [1, dimsOf(input)[0]!]) : input);
  const classes = dimsOf(logits).at(-1)!;
  const shape = dimsOf(logits).slice(0, -1);
  const rows = product(shape);
  const flat = b.reshape(logits, [rows, classes]);
  const finish = (values: AnyNode, count: number) => reduced(b, b.reshape(values, shape), options, count);
  if (targetData.dtype !== "i32") {
    const probabilities = b.reshape(classesLast(b, target), [rows, classes]);
    const smooth = b.affine(probabilities, 1 - smoothing, smoothing / classes);
    const weighted = weight ? b.mul(smooth, constant(b, [classes], weight.data)) : smooth;
    return finish(softmaxCrossEntropy({ targets: "probabilities" }).perSample(b, flat, weighted), rows);
  }
  const ignored = Number(options.ignore_index ?? -100);
  const counts = targetData.data.map((label) => (label === ignored ? 0 : (weight?.data[label] ?? 1)));
  const total = counts.reduce((p, q) => p + q, 0);
  if (smoothing === 0) {
    // Rows that do not count have weight 0 and any valid label.
    const labels = counts.every((w) => w === 1)
      ? b.reshape(target, [rows])
      : b.add(
          "cast",
          [
            constant(
              b,
              [rows],
              targetData.data.map((l) => (l === ignored ? 0 : l)),
            ),
          ],
          { to: "i32" },
        );
    const values = softmaxCrossEntropy().perSample(b, flat, labels);
    return finish(b.mul(values, constant(b, [rows], counts)), total);
  }
  const smooth = targetData.data.flatMap((label) =>
    Array.from({ length: classes }, (_, c) =>
      label === ignored
        ? 0
        : (weight?.data[c] ?? 1) * (smoothing / classes + (c === label ? 1 - smoothing : 0)),
    ),
  );
  const loss = softmaxCrossEntropy({ targets: "probabilities" });
  return finish(loss.perSample(b, flat, constant(b, [rows, classes], smooth)), total);
};

export const LOSSES: Readonly<Record<string, LossBuilder>> = {
  mse: elementwise([], () => ({ loss: mse() })),
  l1: elementwise([], () => ({ loss: mae() })),
  huber: elementwise(["delta"], (o) => ({ loss: huber({ delta: Number(o.delta ?? 1) }) })),
  // PyTorch's smooth L1 is its Huber loss divided by beta; with beta 0 it is L1.
  smooth_l1: elementwise(["beta"], (o) => {
    const beta = Number(o.beta ?? 1);
    return beta === 0 ? { loss: mae() } : { loss: huber({ delta: beta }), scale: 1 / beta };
  }),
  bce_with_logits: binary,
  cross_entropy: crossEntropy,
};
