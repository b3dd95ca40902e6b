// Batch normalization: statistics of the batch in training, running statistics in prediction.
//
// Place: definitions for the registry. Invariant: the running statistics are states, updated behind the guard.
// Source: Ioffe & Szegedy 2015; numbers as in PyTorch (biased variance to normalize, unbiased to store).

import type { GraphBuilder } from "../graph/builder.ts";
import { defined } from "../graph/defined.ts";
import type { AnyNode } from "../graph/ops.ts";
import type { Layer } from "../graph/semantic.ts";
import { channelVarianceOp, normalizeOp } from "../ops/channel-norm.ts";
import { type Dim, elementsOf } from "../shape.ts";
import { flagOption, type LayerDefinition, lastDim, makeLayer, rangeOption } from "./definition.ts";
import { featureFileAxes, flattenedImage } from "./flattened-image.ts";

export const batchNormLayer: LayerDefinition = {
  op: "batchNorm",
  version: 1,
  options: ["momentum", "epsilon", "scale", "center"],
  lower(context, [input], options) {
    const { builder: b, layer } = context;
    const x = input!;
    const channels = lastDim(layer, x);
    const momentum = rangeOption(layer, options, "momentum", 0.1, 0, 1.0000001);
    const epsilon = rangeOption(layer, options, "epsilon", 1e-5, 0, 1);
    const shape = [channels];
    const axes = featureFileAxes(flattenedImage(b, x));
    const gamma = flagOption(layer, options, "scale", true)
      ? context.parameter({ name: "weight", shape, ...axes, initializer: "ones" })
      : undefined;
    const beta = flagOption(layer, options, "center", true)
      ? context.parameter({ name: "bias", shape, ...axes, initializer: "zeros" })
      : undefined;
    const runningMean = context.state({ name: "running_mean", shape, ...axes, initializer: "zeros" });
    const runningVariance = context.state({ name: "running_var", shape, ...axes, initializer: "ones" });

    let mean = runningMean;
    let variance = runningVariance;
    const ofBatch = context.mode === "train";
    if (ofBatch) {
      mean = b.reduce(
        "mean",
        x,
        x.shape.slice(0, -1).map((_, i) => i),
      );
      variance = defined(b, channelVarianceOp, [x, mean], {});
      const blend = (old: typeof x, now: typeof x) =>
        b.addUp(b.affine(old, 1 - momentum), b.affine(now, momentum));
      context.updateState(runningMean, blend(runningMean, mean));
      context.updateState(
        runningVariance,
        blend(runningVariance, unbiased(b, variance, x.shape.slice(0, -1))),
      );
    }
    const rstd = b.unary("rsqrt", b.affine(variance, 1, epsilon));
    const inputs = [x, mean, rstd, ...(gamma ? [gamma] : []), ...(beta ? [beta] : [])];
    const attrs = {
      gamma: gamma !== undefined,
      beta: beta !== undefined,
      low: -Infinity,
      high: Infinity,
      ofBatch,
    };
    return defined(b, normalizeOp, inputs, attrs);
  },
};

/** variance · n / (n − 1), n the number of values per channel; a single value stays as it is. */
function unbiased(b: GraphBuilder, variance: AnyNode, counted: readonly Dim[]): AnyNode {
  return b.add("unary", [variance], { fn: "affine", p: 1, q: 0, divisor: elementsOf(counted), bessel: true });
}

/**
 * Normalizes each channel (last axis) over the batch and all other axes, then scales and shifts it.
 *
 * Parameters `weight`, `bias` [channels]; states `running_mean`, `running_var`:
 * running = (1 − momentum)·running + momentum·batch. Defaults momentum 0.1, epsilon 1e-5.
 */
export const batchNorm = (
  options: { momentum?: number; epsilon?: number; scale?: boolean; center?: boolean; name?: string } = {},
): Layer => makeLayer(batchNormLayer, options);
