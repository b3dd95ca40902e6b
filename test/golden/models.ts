// Models, losses and optimizers of `train` cases in the library's public terms.
//
// Place: support tables of train-cases.ts. Invariant: parameters keep PyTorch's names, because each layer is named after
// its place in the list; a layer, loss or option without a counterpart is Missing, by its name.

import type { Layer, SymbolicTensor } from "../../src/graph/semantic.ts";
import { leakyRelu, relu, sigmoid, tanh } from "../../src/layers/activations.ts";
import { conv2d } from "../../src/layers/convolution.ts";
import { add, dense, dropout, flatten } from "../../src/layers/core-layers.ts";
import { layerNorm } from "../../src/layers/feature-norms.ts";
import { batchNorm } from "../../src/layers/normalization.ts";
import { avgPool2d, globalAvgPool2d, maxPool2d } from "../../src/layers/pooling.ts";
import {
  celu,
  elu,
  gelu,
  hardShrink,
  hardSigmoid,
  hardSwish,
  hardTanh,
  logSigmoid,
  logSoftmax,
  mish,
  relu6,
  selu,
  silu,
  softmax,
  softplus,
  softShrink,
  softsign,
  tanhShrink,
} from "../../src/layers/rarer-activations.ts";
import { embedding, simpleRnn } from "../../src/layers/sequence.ts";
import {
  binaryCrossEntropy,
  huber,
  klDivergence,
  type Loss,
  mae,
  mse,
  poisson,
  type Reduction,
  softMargin,
  softmaxCrossEntropy,
} from "../../src/losses/losses.ts";
import { functional, type Model } from "../../src/model.ts";
import { channelsLast } from "./batch-norm.ts";
import { type Attributes, type GoldenTensor, Missing, refuseOptions, supported } from "./cases.ts";

export type LayerSpec = Attributes & { readonly type: string };

/** A layer of the list, its name, whether the model is in training mode, and the layer that follows. */
type LayerBuilder = (spec: LayerSpec, name: string, training: boolean, next?: LayerSpec) => Layer | undefined;

const axis = (spec: LayerSpec) => ({ axis: (spec.dim ?? -1) as number });
const option = (spec: LayerSpec, key: string, fallback: number): number => (spec[key] ?? fallback) as number;

const normOfBatch: LayerBuilder = (s, name, training) => {
  if (!training) throw new Missing("layer", `${s.type} that trains in evaluation mode`);
  return batchNorm({ momentum: option(s, "momentum", 0.1), epsilon: option(s, "eps", 1e-5), name });
};

const LAYERS: Readonly<Record<string, LayerBuilder>> = {
  Linear: (s, name) => dense(s.out as number, { useBias: s.bias !== false, name }),
  Flatten: (_, name) => flatten({ name }),
  // PyTorch's evaluation mode passes values through, as a rate of 0 does here.
  Dropout: (s, name, training) => dropout(training ? (s.p as number) : 0, { name }),
  BatchNorm1d: normOfBatch,
  BatchNorm2d: normOfBatch,
  LayerNorm: (s, name) => layerNorm({ axes: (s.shape as number[]).length, name }),
  Conv2d: (s, name) => {
    refuseOptions(
      s,
      ["type", "in", "out", "kernel", "stride", "padding", "groups", "bias"],
      "layer",
      "Conv2d",
    );
    const strides = option(s, "stride", 1);
    const sliding = { strides, padding: option(s, "padding", 0), groups: option(s, "groups", 1) };
    return conv2d(s.out as number, s.kernel as number, { ...sliding, useBias: s.bias !== false, name });
  },
  MaxPool2d: (s, name) => maxPool2d(s.kernel as number, { name }),
  AvgPool2d: (s, name) => avgPool2d(s.kernel as number, { name }),
  GlobalAvgPool2d: (_, name) => globalAvgPool2d({ name }),
  Embedding: (s, name) => {
    refuseOptions(s, ["type", "num", "dim"], "layer", "Embedding");
    return embedding(s.num as number, s.dim as number, { name });
  },
  RNN: (s, name, _, next) => {
    refuseOptions(
      { ...s, layers: s.layers === 1 ? 0 : s.layers },
      ["type", "input", "hidden", "bidirectional", "nonlinearity"],
      "layer",
      "RNN",
    );
    const activation = (s.nonlinearity ?? "tanh") as "tanh" | "relu";
    const last = next?.type === "TakeLast";
    // The last step of a backward direction is its first one, which TakeLast does not take.
    if (s.bidirectional && last) throw new Missing("layer", "TakeLast of a bidirectional RNN");
    const bidirectional = s.bidirectional === true;
    return simpleRnn(s.hidden as number, { activation, bidirectional, returnSequences: !last, name });
  },
  relu: (_, name) => relu({ name }),
  leaky_relu: (s, name) => leakyRelu({ negativeSlope: option(s, "negative_slope", 0.01), name }),
  elu: (s, name) => elu({ alpha: option(s, "alpha", 1), name }),
  gelu: (s, name) => gelu({ approximate: s.approximate === "tanh", name }),
  silu: (_, name) => silu({ name }),
  tanh: (_, name) => tanh({ name }),
  sigmoid: (_, name) => sigmoid({ name }),
  softplus: (s, name) =>
    softplus({ beta: option(s, "beta", 1), threshold: option(s, "threshold", 20), name }),
  relu6: (_, name) => relu6({ name }),
  selu: (_, name) => selu({ name }),
  celu: (s, name) => celu({ alpha: option(s, "alpha", 1), name }),
  mish: (_, name) => mish({ name }),
  log_sigmoid: (_, name) => logSigmoid({ name }),
  softsign: (_, name) => softsign({ name }),
  hardsigmoid: (_, name) => hardSigmoid({ name }),
  hardtanh: (_, name) => hardTanh({ name }),
  hardswish: (_, name) => hardSwish({ name }),
  tanhshrink: (_, name) => tanhShrink({ name }),
  softshrink: (s, name) => softShrink({ lambda: option(s, "lambda", 0.5), name }),
  hardshrink: (s, name) => hardShrink({ lambda: option(s, "lambda", 0.5), name }),
  softmax: (s, name) => softmax({ ...axis(s), name }),
  log_softmax: (s, name) => logSoftmax({ ...axis(s), name }),
  identity: () => undefined,
};

function connect(
  specs: readonly LayerSpec[],
  prefix: string,
  training: boolean,
  input: SymbolicTensor,
): SymbolicTensor {
  return specs.reduce((x, spec, i) => {
    const name = `${prefix}${i}`;
    if (spec.type === "Residual") {
      const body = connect(spec.body as LayerSpec[], `${name}.body.`, training, x);
      return add({ name })(x, body);
    }
    if (spec.type === "TakeLast") {
      if (specs[i - 1]?.type === "RNN") return x;
      throw new Missing("layer", `TakeLast after ${specs[i - 1]?.type}`);
    }
    const layer = supported(LAYERS, "layer", spec.type)(spec, name, training, specs[i + 1]);
    return layer ? layer(x) : x;
  }, input);
}

/** Names every layer that the library lacks before anything else can go wrong. */
function checkLayers(specs: readonly LayerSpec[]): void {
  for (const { type, body } of specs) {
    if (body) checkLayers(body as LayerSpec[]);
    else if (type !== "TakeLast") supported(LAYERS, "layer", type);
  }
}

/** PyTorch's images [N, C, H, W] as the library has them, [N, H, W, C]. */
export const imagesLast = (x: GoldenTensor): GoldenTensor => (x.shape.length === 4 ? channelsLast(x) : x);

export function modelOf(specs: readonly LayerSpec[], x: GoldenTensor, training: boolean): Model {
  checkLayers(specs);
  const [, ...sizes] = imagesLast(x).shape;
  const input = { shape: sizes, dtype: x.dtype === "i32" ? ("i32" as const) : ("f32" as const) };
  return functional({ x: input }, (ins) => connect(specs, "", training, ins.x));
}

export interface TrainLoss {
  readonly loss: Loss;
  /** How many layers at the model's end are part of the library's loss, which takes logits. */
  readonly head: 0 | 1;
  readonly targets: (target: GoldenTensor, output: readonly number[]) => GoldenTensor;
}

type LossBuilder = (spec: Attributes, last: LayerSpec, reduction: Reduction) => TrainLoss;

const asTheyAre = (t: GoldenTensor) => t;
const plain =
  (known: readonly string[], make: (spec: Attributes, reduction: Reduction) => Loss): LossBuilder =>
  (spec, _, reduction) => {
    refuseOptions(spec, ["type", "reduction", ...known], "loss", String(spec.type));
    return { loss: make(spec, reduction), head: 0, targets: asTheyAre };
  };

const LOSSES: Readonly<Record<string, LossBuilder>> = {
  mse: plain([], (_, reduction) => mse({ reduction })),
  l1: plain([], (_, reduction) => mae({ reduction })),
  huber: plain(["delta"], (s, reduction) => huber({ reduction, delta: (s.delta ?? 1) as number })),
  smooth_l1: plain(["beta"], (s, reduction) => {
    if ((s.beta ?? 1) !== 1) throw new Missing("loss", `smooth_l1 with beta = ${s.beta}`);
    return huber({ reduction });
  }),
  poisson_nll: plain([], (_, reduction) => poisson({ reduction })),
  soft_margin: plain([], (_, reduction) => softMargin({ reduction })),
  kl_div: plain([], (_, reduction) => klDivergence({ reduction })),
  bce_with_logits: plain([], (_, reduction) => binaryCrossEntropy({ reduction })),
  // The library's losses take logits: sigmoid with bce, and log_softmax with nll, are each one of them.
  bce: (spec, last, reduction) => {
    if (last.type !== "sigmoid") throw new Missing("loss", "bce of probabilities");
    refuseOptions(spec, ["type", "reduction"], "loss", "bce");
    return { loss: binaryCrossEntropy({ reduction }), head: 1, targets: asTheyAre };
  },
  nll: (spec, last, reduction) => {
    if (last.type !== "log_softmax") throw new Missing("loss", "nll of log-probabilities");
    refuseOptions(spec, ["type", "reduction"], "loss", "nll");
    return { loss: softmaxCrossEntropy({ reduction }), head: 1, targets: asTheyAre };
  },
  cross_entropy: (spec, _, reduction) => {
    refuseOptions(spec, ["type", "reduction", "label_smoothing"], "loss", "cross_entropy");
    const labelSmoothing = Number(spec.label_smoothing ?? 0);
    return { loss: softmaxCrossEntropy({ reduction, labelSmoothing }), head: 0, targets: asTheyAre };
  },
};

export function lossOf(spec: Attributes & { type: string }, last: LayerSpec): TrainLoss {
  // The library's mean of a Kullback–Leibler divergence is the mean over samples.
  const batchMean = spec.type === "kl_div" && spec.reduction === "batchmean";
  const reduction = batchMean ? "mean" : (spec.reduction ?? "mean");
  const build = supported(LOSSES, "loss", spec.type);
  if (reduction !== "mean" && reduction !== "sum")
    throw new Missing("loss", `${spec.type} with reduction ${reduction}`);
  return build(spec, last, reduction);
}
