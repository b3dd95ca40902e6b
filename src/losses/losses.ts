// Losses on values and on logits of single decisions: squared and absolute errors, binary cross-entropies, hinges.
//
// Place: factories of the public API. Invariant: y is the output, t the target of the same shape [N, …]; definitions
// are PyTorch's where it has them.

import type { GraphBuilder } from "../graph/builder.ts";
import type { AnyNode } from "../graph/ops.ts";
import { withGeneral } from "../packs/general.ts";
import { elementwise, type Loss, type LossOptions, lossNumber, lossWeights } from "./loss.ts";

export { categoricalFocal, negativeLogLikelihood, softmaxCrossEntropy } from "./classes.ts";
export type { Loss, Reduction } from "./loss.ts";

/** log(1 + eˣ), safe for any x. */
const softplus = (b: GraphBuilder, x: AnyNode): AnyNode => b.unary("softplus", x, 1, 20);

/** max(x, 0) */
const positive = (b: GraphBuilder, x: AnyNode): AnyNode => b.unary("relu", x);

const oneMinus = (b: GraphBuilder, x: AnyNode): AnyNode => b.affine(x, -1, 1);

/** Mean squared error, (y − t)². */
export const mse = (options: LossOptions = {}): Loss =>
  elementwise("mse", options, (b, y, t) => b.unary("square", b.sub(y, t)));

/** Mean absolute error, |y − t|. */
export const mae = (options: LossOptions = {}): Loss =>
  elementwise("mae", options, (b, y, t) => b.unary("abs", b.sub(y, t)));

/** Huber loss: ½d² where |d| ≤ delta (default 1), else delta·(|d| − ½delta). */
export function huber(options: LossOptions & { delta?: number } = {}): Loss {
  const delta = lossNumber("huber", "delta", options.delta ?? 1, 0, 1e6, true);
  return withGeneral(elementwise("huber", options, (b, y, t) => b.unary("huber", b.sub(y, t), delta)));
}

/** log cosh(y − t): ½d² for small d, |d| − log 2 for large. As |d| + log(1 + e^−2|d|) − log 2, which does not overflow. */
export const logCosh = (options: LossOptions = {}): Loss =>
  withGeneral(
    elementwise("logCosh", options, (b, y, t) => {
      const d = b.sub(y, t);
      // softplus(−2d) + d: smooth at 0, where |d| is not.
      return b.affine(b.addUp(d, softplus(b, b.affine(d, -2))), 1, -Math.LN2);
    }),
  );

/** Quantile (pinball) loss: q·(t − y) where t > y, else (1 − q)·(y − t); q = 0.5 is half of mae. */
export function quantile(q: number, options: LossOptions = {}): Loss {
  lossNumber("quantile", "q", q, 0, 1, true);
  return withGeneral(
    elementwise("quantile", options, (b, y, t) => {
      const d = b.sub(t, y);
      return b.binary("max", b.affine(d, q), b.affine(d, q - 1));
    }),
  );
}

/**
 * Poisson negative log-likelihood of counts t: e^y − t·y with y the logarithm of the rate (`logInput`, default), else
 * y − t·log(y + 1e-8).
 */
export const poisson = (options: LossOptions & { logInput?: boolean } = {}): Loss =>
  withGeneral(
    elementwise("poisson", options, (b, y, t) =>
      options.logInput === false
        ? b.sub(y, b.mul(t, b.unary("log", b.affine(y, 1, 1e-8))))
        : b.sub(b.unary("exp", y), b.mul(t, y)),
    ),
  );

/**
 * Kullback–Leibler divergence of target probabilities from predicted log-probabilities: t·(log t − y), 0 where t = 0.
 * `logTarget`: targets are logarithms. A mean over samples sums over their elements (PyTorch's "batchmean").
 */
export function klDivergence(
  options: LossOptions & { logTarget?: boolean; perElement?: boolean } = {},
): Loss {
  const loss = elementwise(
    "klDivergence",
    { reduction: options.perElement ? (options.reduction ?? "mean") : "sum" },
    (b, y, t) => {
      if (options.logTarget) return b.mul(b.unary("exp", t), b.sub(t, y));
      // 0·log 0 is 0: the logarithm is taken of at least the smallest normal number.
      const log = b.unary("log", b.unary("clamp", t, 1.1754943508222875e-38, 3e38));
      return b.mul(t, b.sub(log, y));
    },
  );
  return withGeneral({ ...loss, reduction: options.reduction ?? "mean" });
}

/**
 * Binary cross-entropy with targets in [0, 1]. From logits z (default): max(z, 0) − z·t + log(1 + e^−|z|), safe for
 * any z. With `fromLogits: false` from probabilities, kept within [1e-12, 1 − 2⁻²⁴].
 *
 * `positiveWeight` (a number, or one per column) weighs the share of t, `labelSmoothing` s replaces t by
 * t·(1 − s) + s/2.
 */
export function binaryCrossEntropy(
  options: LossOptions & {
    fromLogits?: boolean;
    positiveWeight?: number | readonly number[];
    labelSmoothing?: number;
  } = {},
): Loss {
  const name = "binaryCrossEntropy";
  const { fromLogits = true, positiveWeight, labelSmoothing = 0 } = options;
  const smoothing = lossNumber(name, "labelSmoothing", labelSmoothing, 0, 1);
  const list = typeof positiveWeight === "number" ? [positiveWeight] : positiveWeight;
  const weights = lossWeights(name, "positiveWeight", list);
  return withGeneral(
    elementwise(name, options, (b, z, target) => {
      const t = b.affine(target, 1 - smoothing, smoothing / 2);
      const weight = weights && b.add("constant", [], { shape: [weights.length], data: weights });
      if (!fromLogits) {
        const p = b.unary("clamp", z, 1e-12, 1 - 2 ** -24);
        const hit = b.mul(t, b.unary("log", p));
        const miss = b.mul(oneMinus(b, t), b.unary("log1p", b.affine(p, -1)));
        return b.affine(b.addUp(weight ? b.mul(hit, weight) : hit, miss), -1);
      }
      if (weight) {
        // w·t·log(1 + e^−z) + (1 − t)·log(1 + e^z)
        const hit = b.mul(b.mul(weight, t), softplus(b, b.affine(z, -1)));
        return b.addUp(hit, b.mul(oneMinus(b, t), softplus(b, z)));
      }
      return b.addUp(
        // Not relu: at z = 0 a maximum shares its gradient, which makes the sum's slope ½ − t there, as it must be.
        b.sub(b.binary("max", z, b.fill([], 0)), b.mul(z, t)),
        b.unary("log1p", b.unary("exp", b.affine(b.unary("abs", z), -1))),
      );
    }),
  );
}

/**
 * Focal loss of logits z with targets 0 or 1: −α_t·(1 − p_t)^γ·log p_t, p_t = σ(z) for t = 1 and 1 − σ(z) for t = 0.
 * Lin et al. 2017; γ defaults to 2, α to 0.25 (the weight of t = 1; `alpha: null` weighs nothing).
 */
export function binaryFocal(options: LossOptions & { gamma?: number; alpha?: number | null } = {}): Loss {
  const gamma = lossNumber("binaryFocal", "gamma", options.gamma ?? 2, 0, 100);
  const alpha =
    options.alpha === null ? null : lossNumber("binaryFocal", "alpha", options.alpha ?? 0.25, 0, 1);
  return withGeneral(
    elementwise("binaryFocal", options, (b, z, t) => {
      const sign = b.affine(t, -2, 1);
      const towards = b.mul(sign, z);
      const cross = softplus(b, towards);
      // (1 − p_t)^γ = e^(γ·log σ(−s·z)), without a power of 0
      const factor = b.unary("exp", b.affine(softplus(b, b.affine(towards, -1)), -gamma));
      const loss = b.mul(factor, cross);
      return alpha === null ? loss : b.mul(b.affine(t, 2 * alpha - 1, 1 - alpha), loss);
    }),
  );
}

/** Hinge loss max(0, 1 − t·y), targets −1 and 1. */
export const hinge = (options: LossOptions & { margin?: number } = {}): Loss =>
  elementwise("hinge", options, (b, y, t) => positive(b, b.affine(b.mul(t, y), -1, options.margin ?? 1)));

/** Squared hinge loss max(0, 1 − t·y)², targets −1 and 1. */
export const squaredHinge = (options: LossOptions = {}): Loss =>
  elementwise("squaredHinge", options, (b, y, t) =>
    b.unary("square", positive(b, b.affine(b.mul(t, y), -1, 1))),
  );

/** log(1 + e^(−t·y)), targets −1 and 1. */
export const softMargin = (options: LossOptions = {}): Loss =>
  withGeneral(elementwise("softMargin", options, (b, y, t) => softplus(b, b.affine(b.mul(t, y), -1))));

/** For distances y: y where t = 1, max(0, margin − y) where t = −1. */
export const hingeEmbedding = (options: LossOptions & { margin?: number } = {}): Loss =>
  elementwise("hingeEmbedding", options, (b, y, t) => {
    const same = b.unary("step", t);
    const apart = positive(b, b.affine(y, -1, options.margin ?? 1));
    return b.addUp(b.mul(same, y), b.mul(oneMinus(b, same), apart));
  });
