// Losses on several vectors of one sample: cosine, triplet, ranking; and on a mean with its variance.
//
// Place: factories of the public API. The parts of a sample are equal pieces of the output's last axis, as `concat`
// joins them: [N, parts·D]. Invariant: definitions and stabilizers are PyTorch's.

import { ShapeError } from "../errors.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { AnyNode } from "../graph/ops.ts";
import { withGeneral } from "../packs/general.ts";
import { type Dim, formatShape, N, type Shape } from "../shape.ts";
import {
  checkReduction,
  elementwise,
  type Loss,
  type LossOptions,
  lossNumber,
  overSample,
  type TargetSpec,
} from "./loss.ts";

/** Equal pieces of the last axis. */
function parts(b: GraphBuilder, name: string, x: AnyNode, count: number): AnyNode[] {
  const size = x.shape.at(-1);
  if (typeof size !== "number" || size % count !== 0 || x.shape.length < 2)
    throw new ShapeError(
      "loss/shape",
      `${name}: expected an output [N, …, ${count}·D], got ${formatShape(x.shape)}`,
    );
  const axis = x.shape.length - 1;
  const length = size / count;
  return Array.from({ length: count }, (_, i) => b.add("slice", [x], { axis, start: i * length, length }));
}

const dot = (b: GraphBuilder, p: AnyNode, q: AnyNode): AnyNode =>
  b.reduce("sum", b.mul(p, q), [p.shape.length - 1]);

// PyTorch's EPSILON of cosine_embedding_loss: keeps the slope of a norm finite at 0.
const TINY = 1e-12;

/** p·q / (‖p‖·‖q‖) over the last axis. */
function cosine(b: GraphBuilder, p: AnyNode, q: AnyNode): AnyNode {
  const squares = b.mul(b.affine(dot(b, p, p), 1, TINY), b.affine(dot(b, q, q), 1, TINY));
  return b.mul(dot(b, p, q), b.unary("rsqrt", squares));
}

const withoutLast = (shape: Shape): TargetSpec => ({
  shape: shape.slice(0, -1) as readonly Dim[],
  dtype: "f32",
});

/** 1 − cos(y, t) over the last axis; output and targets [N, …, D]. */
export function cosineSimilarity(options: LossOptions = {}): Loss {
  const loss = elementwise("cosineSimilarity", options, (b, y, t) => b.affine(cosine(b, y, t), -1, 1));
  return loss;
}

/**
 * Of two vectors x₁ and x₂ (output [N, 2·D]): 1 − cos where the target is 1, max(0, cos − margin) where it is −1.
 * Targets [N].
 */
export function cosineEmbedding(options: LossOptions & { margin?: number } = {}): Loss {
  const name = "cosineEmbedding";
  const reduction = checkReduction(name, options.reduction);
  const margin = lossNumber(name, "margin", options.margin ?? 0, -1, 1);
  return withGeneral({
    name,
    reduction,
    target: withoutLast,
    perSample(b, output, target) {
      const [p, q] = parts(b, name, output, 2) as [AnyNode, AnyNode];
      const cos = cosine(b, p, q);
      const same = b.unary("step", target);
      const far = b.unary("relu", b.affine(cos, 1, -margin));
      const values = b.addUp(b.mul(same, b.affine(cos, -1, 1)), b.mul(b.affine(same, -1, 1), far));
      return overSample(b, values, reduction);
    },
  });
}

/** max(0, −t·(x₁ − x₂) + margin) of two scores (output [N, 2·D]), targets ±1 [N, D]: which of them ranks higher. */
export function marginRanking(options: LossOptions & { margin?: number } = {}): Loss {
  const name = "marginRanking";
  const reduction = checkReduction(name, options.reduction);
  const margin = options.margin ?? 0;
  return withGeneral({
    name,
    reduction,
    target: (shape) => ({
      shape: [...shape.slice(0, -1), (shape.at(-1) as number) / 2],
      dtype: "f32",
    }),
    perSample(b, output, target) {
      const [p, q] = parts(b, name, output, 2) as [AnyNode, AnyNode];
      const values = b.unary("relu", b.affine(b.mul(target, b.sub(q, p)), 1, margin));
      return overSample(b, values, reduction);
    },
  });
}

/** ‖p − q‖ over the last axis, with PyTorch's 1e-6 added to each difference. */
const distance = (b: GraphBuilder, p: AnyNode, q: AnyNode): AnyNode => {
  const d = b.affine(b.sub(p, q), 1, 1e-6);
  return b.unary("sqrt", dot(b, d, d));
};

/**
 * Triplet loss max(0, ‖a − p‖ − ‖a − n‖ + margin) of anchor, positive and negative (output [N, 3·D]), margin 1.
 * It takes no targets: give `y: []`.
 */
export function triplet(options: LossOptions & { margin?: number } = {}): Loss {
  const name = "triplet";
  const reduction = checkReduction(name, options.reduction);
  const margin = lossNumber(name, "margin", options.margin ?? 1, 0, 1e6);
  return withGeneral({
    name,
    reduction,
    target: () => undefined,
    perSample(b, output) {
      const [a, p, n] = parts(b, name, output, 3) as [AnyNode, AnyNode, AnyNode];
      const gap = b.sub(distance(b, a, p), distance(b, a, n));
      return overSample(b, b.unary("relu", b.affine(gap, 1, margin)), reduction);
    },
  });
}

/**
 * Gaussian negative log-likelihood ½(log v + (m − t)²/v) of targets [N, D] under mean m and variance v (output
 * [N, 2·D], v kept at least `epsilon`, default 1e-6). `full` adds ½ log 2π.
 */
export function gaussianNll(options: LossOptions & { epsilon?: number; full?: boolean } = {}): Loss {
  const name = "gaussianNll";
  const reduction = checkReduction(name, options.reduction);
  const epsilon = lossNumber(name, "epsilon", options.epsilon ?? 1e-6, 0, 1, true);
  return withGeneral({
    name,
    reduction,
    target: (shape) => ({
      shape: shape.length === 0 ? [N] : [...shape.slice(0, -1), (shape.at(-1) as number) / 2],
      dtype: "f32",
    }),
    perSample(b, output, target) {
      const [mean, raw] = parts(b, name, output, 2) as [AnyNode, AnyNode];
      const variance = b.unary("clamp", raw, epsilon, 3e38);
      const square = b.div(b.unary("square", b.sub(mean, target)), variance);
      // ½ log 2π, written out: a host's logarithm may not decide a bit.
      const constant = options.full ? 0.9189385332046727 : 0;
      const values = b.affine(b.addUp(b.unary("log", variance), square), 0.5, constant);
      return overSample(b, values, reduction);
    },
  });
}
