// Losses: what is minimized, as ops of the graph.
//
// Place: compile.ts asks for one value per sample and averages or sums them.
// Invariant: `perSample` gives [N]; weighting and reduction are the same for every loss.

import { ConfigError, ShapeError } from "../errors.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { AnyNode, DTypeName } from "../graph/ops.ts";
import { type Dim, formatShape, type Shape, sameShape } from "../shape.ts";

export type Reduction = "mean" | "sum";

/** A loss as it is saved in a checkpoint. */
export interface LossSpec {
  readonly name: string;
  readonly options: { readonly [key: string]: number | string | boolean };
}

export interface Loss extends LossSpec {
  readonly reduction: Reduction;
  /** Shape and type of the targets that go with an output. */
  target(output: Shape): { shape: Shape; dtype: DTypeName };
  /** One value per sample, [N]: the mean (or sum) over the sample's elements. */
  perSample(b: GraphBuilder, output: AnyNode, target: AnyNode): AnyNode;
}

const sameAsOutput = (shape: Shape): { shape: Shape; dtype: DTypeName } => ({ shape, dtype: "f32" });

/** Mean or sum over all axes but the batch. */
function overSample(b: GraphBuilder, values: AnyNode, reduction: Reduction): AnyNode {
  if (values.shape.length === 1) return values;
  const axes = values.shape.slice(1).map((_, i) => i + 1);
  return b.reduce(reduction, values, axes);
}

interface CommonOptions {
  /** "mean" over the batch and the sample's elements (default), or "sum". */
  reduction?: Reduction;
}

function elementwise(
  name: string,
  options: CommonOptions & { [key: string]: number | string | boolean | undefined },
  values: (b: GraphBuilder, output: AnyNode, target: AnyNode) => AnyNode,
): Loss {
  const reduction = checkReduction(name, options.reduction);
  return {
    name,
    options: present(options),
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

function checkReduction(name: string, reduction: Reduction = "mean"): Reduction {
  if (reduction === "mean" || reduction === "sum") return reduction;
  throw new ConfigError(
    "loss/option",
    `${name}: reduction must be "mean" or "sum", got ${String(reduction)}`,
    {
      option: "reduction",
    },
  );
}

const present = (options: object): LossSpec["options"] =>
  Object.fromEntries(Object.entries(options).filter(([, v]) => v !== undefined));

/** Mean squared error, (y − t)². */
export const mse = (options: CommonOptions = {}): Loss =>
  elementwise("mse", { ...options }, (b, y, t) => b.unary("square", b.sub(y, t)));

/** Mean absolute error, |y − t|. */
export const mae = (options: CommonOptions = {}): Loss =>
  elementwise("mae", { ...options }, (b, y, t) => b.unary("abs", b.sub(y, t)));

/** Huber loss: ½d² where |d| ≤ delta (default 1), else delta·(|d| − ½delta). */
export const huber = (options: CommonOptions & { delta?: number } = {}): Loss => {
  const { delta = 1 } = options;
  if (!(delta > 0))
    throw new ConfigError("loss/option", `huber: delta must be positive, got ${delta}`, { option: "delta" });
  return elementwise("huber", { ...options }, (b, y, t) => b.unary("huber", b.sub(y, t), delta));
};

/**
 * Binary cross-entropy from logits z with targets in [0, 1]: max(z, 0) − z·t + log(1 + e^−|z|), safe for any z.
 */
export const binaryCrossEntropy = (options: CommonOptions = {}): Loss =>
  elementwise("binaryCrossEntropy", { ...options }, (b, z, t) =>
    b.addUp(
      // Not relu: at z = 0 a maximum shares its gradient, which makes the sum's slope ½ − t there, as it must be.
      b.sub(b.binary("max", z, b.fill([], 0)), b.mul(z, t)),
      b.unary("log1p", b.unary("exp", b.affine(b.unary("abs", z), -1))),
    ),
  );

/**
 * Softmax cross-entropy from logits [N, …, classes].
 *
 * `targets: "labels"` (default) takes integers [N, …]; `"probabilities"` takes [N, …, classes].
 */
export const softmaxCrossEntropy = (
  options: CommonOptions & { targets?: "labels" | "probabilities" } = {},
): Loss => {
  const name = "softmaxCrossEntropy";
  const reduction = checkReduction(name, options.reduction);
  const { targets = "labels" } = options;
  if (targets !== "labels" && targets !== "probabilities")
    throw new ConfigError(
      "loss/option",
      `${name}: targets must be "labels" or "probabilities", got ${String(targets)}`,
      {
        option: "targets",
      },
    );
  return {
    name,
    options: present(options),
    reduction,
    target: (shape) =>
      targets === "labels"
        ? { shape: shape.slice(0, -1) as readonly Dim[], dtype: "i32" }
        : sameAsOutput(shape),
    perSample(b, logits, target) {
      if (targets === "labels")
        return overSample(b, b.add("softmaxCrossEntropy", [logits, target], {}), reduction);
      const terms = b.mul(b.add("softmax", [logits], { log: true }), target);
      const rows = b.affine(b.reduce("sum", terms, [logits.shape.length - 1]), -1);
      return overSample(b, rows, reduction);
    },
  };
};

const factories: Readonly<Record<string, (options: never) => Loss>> = {
  mse,
  mae,
  huber,
  binaryCrossEntropy,
  softmaxCrossEntropy,
};

/** The loss that a checkpoint names. */
export function lossFrom(spec: LossSpec): Loss {
  const factory = Object.hasOwn(factories, spec.name) ? factories[spec.name] : undefined;
  if (!factory)
    throw new ConfigError("loss/unknown", `this release has no loss "${spec.name}"`, { loss: spec.name });
  return factory(spec.options as never);
}
