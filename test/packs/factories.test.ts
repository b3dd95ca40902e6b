// Every factory brings the kernels that its records need: what `edgegrad/train` relies on, where nothing else does.
//
// Place: Node; trainers on the smallest core, with no pack known before the factory is called. Invariant: one case for
// each public factory of layers, losses, optimizers and metrics.

import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import * as edgegrad from "../../src/api.ts";
import { ConfigError } from "../../src/errors.ts";
import { knownPacks, useKernels } from "../../src/packs/known-packs.ts";
import { loadCore } from "../../src/platform/default.ts";
import { loadCore as loadTraining } from "../../src/platform/train.ts";
import { TrainingCore } from "../../src/session.ts";
import type { TrainerOptions } from "../../src/train/options.ts";
import { coreModule } from "../run-graph.ts";

const e = edgegrad;
const core = new TrainingCore(coreModule("simd"), {});

type Options = Omit<TrainerOptions, "model">;

const classifier = (): Options => ({ loss: e.softmaxCrossEntropy(), optimizer: e.adam(), batchSize: 3 });
/** A network of a layer between two dense ones. */
const vector = (layer: () => edgegrad.Layer) => () =>
  core.trainer(e.sequential([6], [e.dense(8), layer(), e.dense(4)]), classifier());
const image = (layer: () => edgegrad.Layer) => () =>
  core.trainer(e.sequential([8, 8, 4], [layer(), e.flatten(), e.dense(4)]), classifier());
const temporal = (layer: () => edgegrad.Layer) => () =>
  core.trainer(e.sequential([8, 4], [layer(), e.flatten(), e.dense(4)]), classifier());
const merged = (layer: () => edgegrad.Layer) => () =>
  core.trainer(
    e.functional({ x: [6] }, ({ x }) => e.dense(4)(layer()(e.dense(8)(x!), e.dense(8)(x!)))),
    classifier(),
  );
const loss =
  (make: () => edgegrad.Loss, units = 4) =>
  () =>
    core.trainer(e.sequential([6], [e.dense(units)]), { loss: make(), optimizer: e.sgd(), batchSize: 3 });
const optimizer = (make: () => edgegrad.Optimizer) => () =>
  core.trainer(e.sequential([6], [e.dense(4)]), { ...classifier(), optimizer: make() });

const layers: Record<string, () => unknown> = {
  dense: vector(() => e.dense(4)),
  flatten: vector(e.flatten),
  reshape: vector(() => e.reshape([8])),
  rescale: vector(() => e.rescale(2)),
  dropout: vector(() => e.dropout(0.5)),
  batchNorm: vector(e.batchNorm),
  prelu: vector(e.prelu),
  maxNorm: vector(() => e.dense(4, { kernelConstraint: e.maxNorm(1) })),
  add: merged(e.add),
  multiply: merged(e.multiply),
  concat: merged(e.concat),
  layerNorm: vector(e.layerNorm),
  rmsNorm: vector(e.rmsNorm),
  unitNorm: vector(e.unitNorm),
  groupNorm: image(() => e.groupNorm(2)),
  instanceNorm: image(e.instanceNorm),
  relu: vector(e.relu),
  leakyRelu: vector(e.leakyRelu),
  elu: vector(e.elu),
  gelu: vector(e.gelu),
  "gelu, approximate": vector(() => e.gelu({ approximate: true })),
  silu: vector(e.silu),
  tanh: vector(e.tanh),
  sigmoid: vector(e.sigmoid),
  softplus: vector(e.softplus),
  softmax: vector(e.softmax),
  logSoftmax: vector(e.logSoftmax),
  relu6: vector(e.relu6),
  selu: vector(e.selu),
  celu: vector(e.celu),
  mish: vector(e.mish),
  logSigmoid: vector(e.logSigmoid),
  softsign: vector(e.softsign),
  hardSigmoid: vector(e.hardSigmoid),
  hardTanh: vector(e.hardTanh),
  hardSwish: vector(e.hardSwish),
  tanhShrink: vector(e.tanhShrink),
  softShrink: vector(e.softShrink),
  hardShrink: vector(e.hardShrink),
  threshold: vector(e.threshold),
  glu: vector(e.glu),
  gaussianNoise: vector(() => e.gaussianNoise(0.1)),
  randomBrightness: image(() => e.randomBrightness(0.1)),
  randomContrast: image(() => e.randomContrast(0.1)),
  randomCrop: image(() => e.randomCrop([6, 6])),
  randomFlip: image(() => e.randomFlip()),
  randomRotation: image(() => e.randomRotation(10)),
  randomShift: image(() => e.randomShift(1)),
  conv1d: temporal(() => e.conv1d(4, 3)),
  conv2d: image(() => e.conv2d(4, 3)),
  depthwiseConv2d: image(() => e.depthwiseConv2d(3)),
  separableConv2d: image(() => e.separableConv2d(4, 3)),
  conv1dTranspose: temporal(() => e.conv1dTranspose(4, 3)),
  conv2dTranspose: image(() => e.conv2dTranspose(4, 3)),
  adaptiveAvgPool2d: image(() => e.adaptiveAvgPool2d(2)),
  adaptiveMaxPool2d: image(() => e.adaptiveMaxPool2d(2)),
  "adaptiveAvgPool2d, uneven": image(() => e.adaptiveAvgPool2d(3)),
  "adaptiveMaxPool2d, uneven": image(() => e.adaptiveMaxPool2d(3)),
  avgPool1d: temporal(() => e.avgPool1d(2)),
  avgPool2d: image(() => e.avgPool2d(2)),
  maxPool1d: temporal(() => e.maxPool1d(2)),
  maxPool2d: image(() => e.maxPool2d(2)),
  globalAvgPool2d: image(() => e.globalAvgPool2d()),
  globalMaxPool2d: image(() => e.globalMaxPool2d()),
  resizing: image(() => e.resizing([5, 5])),
  "resizing, nearest": image(() => e.resizing([5, 5], { interpolation: "nearest" })),
  upsampling2d: image(() => e.upsampling2d(2)),
  "upsampling2d, bilinear": image(() => e.upsampling2d(2, { interpolation: "bilinear" })),
  spatialDropout2d: image(() => e.spatialDropout2d(0.5)),
  zeroPadding2d: image(() => e.zeroPadding2d(1)),
  embedding: () =>
    core.trainer(e.sequential([5], [e.embedding(7, 3), e.flatten(), e.dense(4)]), classifier()),
  simpleRnn: () => core.trainer(e.sequential([5, 3], [e.simpleRnn(6), e.dense(4)]), classifier()),
  "simpleRnn, both ways": () =>
    core.trainer(e.sequential([5, 3], [e.simpleRnn(6, { bidirectional: true }), e.dense(4)]), classifier()),
};

const losses: Record<string, () => unknown> = {
  softmaxCrossEntropy: loss(e.softmaxCrossEntropy),
  negativeLogLikelihood: loss(e.negativeLogLikelihood),
  categoricalFocal: loss(e.categoricalFocal),
  multiMargin: loss(e.multiMargin),
  "multiMargin, squared": loss(() => e.multiMargin({ p: 2 })),
  multilabelSoftMargin: loss(e.multilabelSoftMargin),
  customLoss: loss(() => e.customLoss((b, y, t) => b.unary("exp", b.sub(y, t!)))),
  binaryCrossEntropy: loss(e.binaryCrossEntropy),
  "binaryCrossEntropy, of probabilities": loss(() => e.binaryCrossEntropy({ fromLogits: false })),
  binaryFocal: loss(e.binaryFocal),
  hinge: loss(e.hinge),
  squaredHinge: loss(e.squaredHinge),
  softMargin: loss(e.softMargin),
  hingeEmbedding: loss(e.hingeEmbedding),
  huber: loss(e.huber),
  klDivergence: loss(e.klDivergence),
  "klDivergence, of logarithms": loss(() => e.klDivergence({ logTarget: true })),
  logCosh: loss(e.logCosh),
  mae: loss(e.mae),
  mse: loss(e.mse),
  poisson: loss(e.poisson),
  "poisson, not of logarithms": loss(() => e.poisson({ logInput: false })),
  quantile: loss(() => e.quantile(0.9)),
  cosineSimilarity: loss(e.cosineSimilarity),
  cosineEmbedding: loss(e.cosineEmbedding),
  marginRanking: loss(e.marginRanking, 2),
  triplet: loss(e.triplet, 6),
  gaussianNll: loss(e.gaussianNll, 2),
};

const optimizers: Record<string, () => unknown> = {
  sgd: optimizer(() => e.sgd({ momentum: 0.9, nesterov: true })),
  adam: optimizer(e.adam),
  adamw: optimizer(e.adamw),
  adagrad: optimizer(e.adagrad),
  adadelta: optimizer(e.adadelta),
  rmsprop: optimizer(() => e.rmsprop({ momentum: 0.9, centered: true })),
  rprop: optimizer(e.rprop),
  dampenedSgd: optimizer(() => e.dampenedSgd({ momentum: 0.9, dampening: 0.1 })),
  adamax: optimizer(e.adamax),
  nadam: optimizer(e.nadam),
  radam: optimizer(e.radam),
  amsgrad: optimizer(e.amsgrad),
  lion: optimizer(e.lion),
  accumulate: optimizer(() => e.accumulate(2, e.adam())),
  "averaged, ema": optimizer(() => e.averaged(e.adam(), e.ema(0.9))),
  "averaged, polyak": optimizer(() => e.averaged(e.adam(), e.polyak())),
  parameterGroups: optimizer(() =>
    e.parameterGroups(e.adam, {}, [{ parameters: "bias", learningRate: 0.1 }]),
  ),
};

const simple = () => e.sequential([6], [e.dense(4)]);
const regularized = (options: { l1?: number; l2?: number }) => () =>
  core.trainer(e.sequential([6], [e.dense(4, { kernelRegularizer: options })]), classifier());

/** What a dense classifier uses runs on the core alone. */
const alone: Record<string, () => unknown> = {
  "a classifier with dropout": layers.dropout!,
  relu: layers.relu!,
  leakyRelu: layers.leakyRelu!,
  tanh: layers.tanh!,
  sigmoid: layers.sigmoid!,
  batchNorm: layers.batchNorm!,
  mse: losses.mse!,
  mae: losses.mae!,
  sgd: optimizers.sgd!,
  adamw: optimizers.adamw!,
  l1: regularized({ l1: 0.1 }),
  l2: regularized({ l2: 0.1 }),
  clipNorm: () => core.trainer(simple(), { ...classifier(), optimizer: e.adam({ clipNorm: 1 }) }),
  "clipNorm by sizes": () =>
    core.trainer(simple(), { ...classifier(), optimizer: e.adam({ clipNorm: 1, clipNormKind: 1 }) }),
  clipValue: () => core.trainer(simple(), { ...classifier(), optimizer: e.adam({ clipValue: 1 }) }),
  accuracy: () => core.trainer(simple(), { ...classifier(), metrics: [e.accuracy()] }),
  meanAbsoluteError: () =>
    core.trainer(simple(), { loss: e.mse(), optimizer: e.sgd(), metrics: [e.meanAbsoluteError()] }),
};

beforeEach(() => {
  knownPacks.clear();
});

describe.each(Object.entries({ layers, losses, optimizers }))("%s bring their kernels:", (_, cases) => {
  test.each(Object.entries(cases))("%s", (_, make) => {
    expect(make()).toBeDefined();
  });
});

test.each(Object.entries(alone))("needs no pack: %s", (_, make) => {
  expect(make()).toBeDefined();
  expect([...knownPacks.keys()]).toEqual([]);
});

test("every factory has a case", () => {
  const factories = Object.keys({ ...layers, ...losses, ...optimizers, ...alone }).map(
    (name) => name.split(",")[0],
  );
  const sources = { layers: 0, losses: 0, optimizers: 0 };
  for (const folder of Object.keys(sources) as (keyof typeof sources)[])
    for (const name of publicNames(folder)) {
      sources[folder]++;
      expect(factories, `${folder}: ${name}`).toContain(name);
    }
  expect(sources).toEqual({
    layers: expect.toSatisfy((n: number) => n > 60),
    losses: expect.toSatisfy((n: number) => n > 20),
    optimizers: expect.toSatisfy((n: number) => n > 12),
  });
});

/** Functions that api.ts exports from a folder of src/. */
function publicNames(folder: string): string[] {
  const text = readFileSync("src/api.ts", "utf8");
  const blocks = [...text.matchAll(/export \{([^}]*)\} from "\.\/(\w+)\//g)];
  const names = blocks.filter(([, , from]) => from === folder).flatMap(([, list]) => list!.split(","));
  // An average is no optimizer; `averaged` takes it.
  return names
    .map((name) => name.trim())
    .filter((name) => /^[a-z]\w*$/.test(name) && !["ema", "polyak"].includes(name));
}

describe("a pack that the program does not have", () => {
  const refused = (make: () => unknown) => {
    try {
      make();
    } catch (error) {
      return error as ConfigError;
    }
    throw new Error("expected an error");
  };

  test("is named with the layer and its import", () => {
    const error = refused(vector(() => e.dense(8, { activation: "gelu" })));
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.code).toBe("core/kernels");
    expect(error.message).toBe(
      "dense (layers.1): unary needs the general kernels: " +
        "import { generalKernels } and pass loadCore({ kernels: [generalKernels] })",
    );
    expect(error.fields).toEqual({ pack: "general", layer: "dense (layers.1)" });
  });

  test("is asked for by options of a factory that most programs use without it", () => {
    const smoothed = loss(() => e.softmaxCrossEntropy({ labelSmoothing: 0.1 }));
    const soft = loss(() => e.softmaxCrossEntropy({ targets: "probabilities" }));
    for (const make of [smoothed, soft]) {
      expect(refused(make).message).toMatch(
        /^softmaxCrossEntropy \(loss\): softmax needs the general kernels/,
      );
      useKernels(e.generalKernels);
      expect(make()).toBeDefined();
      knownPacks.clear();
    }
  });

  test("is named where no layer asks: first values, clipping", () => {
    const normal = refused(() =>
      core.trainer(e.sequential([6], [e.dense(4, { kernelInitializer: "heNormal" })]), classifier()),
    );
    expect(normal.message).toMatch(/^the trainer: a first value needs the general kernels/);
    const clipped = refused(() =>
      core.trainer(simple(), { ...classifier(), optimizer: e.adam({ clipNorm: 1, clipNormKind: "max" }) }),
    );
    expect(clipped.message).toMatch(/^the trainer: clipByNorm needs the general kernels/);
  });

  test.each([
    ["edgegrad/train", loadTraining],
    ["edgegrad", loadCore],
  ])("is taken from loadCore({ kernels }) of %s", async (_, load) => {
    await load({ kernels: [e.generalKernels] });
    expect([...knownPacks.keys()]).toContain("general");
    expect(vector(() => e.dense(8, { activation: "gelu" }))()).toBeDefined();
  });
});
