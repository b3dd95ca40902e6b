// The forward-only core of `edgegrad/predict` against the full one.
//
// Place: Node only; takes both cores from build/. Invariant: equal bits, for every layer there is.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

import * as edgegrad from "../../src/api.ts";
import { generalKernels } from "../../src/packs/general.ts";
import { knownPacks, useKernels } from "../../src/packs/known-packs.ts";
import { sequenceKernels } from "../../src/packs/sequence.ts";
import { allLayers, PredictCore } from "../../src/platform/predict-core.ts";
import { Core } from "../../src/session.ts";

const moduleOf = (variant: string) => new WebAssembly.Module(readFileSync(`build/core.${variant}.wasm`));
const full = new Core(moduleOf("simd"), {});
const forward = new PredictCore(moduleOf("predict"), {});

const {
  sequential,
  functional,
  dense,
  relu,
  leakyRelu,
  elu,
  gelu,
  silu,
  tanh,
  sigmoid,
  softplus,
  softmax,
  logSoftmax,
  dropout,
  flatten,
  reshape,
  rescale,
  batchNorm,
  embedding,
  simpleRnn,
  add,
  multiply,
  concat,
} = edgegrad;

const values = (n: number) => Float32Array.from({ length: n }, (_, i) => ((i * 37) % 101) / 50 - 1);

const activations = [
  relu,
  leakyRelu,
  elu,
  () => gelu(),
  () => gelu({ approximate: true }),
  silu,
  tanh,
  sigmoid,
  softplus,
  softmax,
  logSoftmax,
];

const models = {
  "dense layers and every activation": sequential(
    [13],
    activations.flatMap((activation) => [dense(17), activation()]),
  ),
  "shapes, scales and batch norm": sequential(
    [13],
    [
      rescale(1 / 3, { offset: 0.5 }),
      dense(24),
      batchNorm(),
      reshape([4, 6]),
      softmax({ axis: 1 }),
      flatten(),
      dropout(0.5),
      dense(3),
    ],
  ),
  branches: functional({ x: [13] }, ({ x }) => {
    const [a, b] = [dense(9)(x), dense(9)(x)];
    return concat()(add()(a, b), multiply()(a, b));
  }),
};

const trainerOf = (model: ReturnType<typeof sequential>, timeSteps?: number) =>
  full.trainer(model, {
    loss: edgegrad.mse(),
    optimizer: edgegrad.sgd(),
    batchSize: 7,
    seed: 3,
    ...(timeSteps && { timeSteps }),
  });

describe("the forward-only core gives the bits of the full one", () => {
  test.each(Object.entries(models))("%s", (_, model) => {
    const trainer = trainerOf(model);
    const predictor = forward.predictor(trainer.saveModel(), { batchSize: 7 });
    const x = values(13 * 19);
    expect(predictor.fingerprint()).toBe(trainer.fingerprint());
    expect(predictor.predict(x)).toEqual(trainer.predict(x));
  });

  test("embedding and a recurrent layer with lengths", () => {
    const model = sequential([null], [embedding(11, 5), simpleRnn(6, { bidirectional: true }), dense(2)]);
    const trainer = trainerOf(model, 8);
    const predictor = forward.predictor(trainer.saveModel(), { batchSize: 7, timeSteps: 8 });
    const x = Int32Array.from({ length: 3 * 8 }, (_, i) => (i * 5) % 11);
    const lengths = Int32Array.of(8, 3, 1);
    expect(predictor.predict(x, { lengths })).toEqual(trainer.predict(x, { lengths }));
  });
});

test("the forward-only core refuses a record of training by its status", () => {
  // Trainers do not run on it: their set-up needs the random numbers of the full core.
  const training = new Core(moduleOf("predict"), {});
  const train = () =>
    training.trainer(sequential([2], [dense(1)]), { loss: edgegrad.mse(), optimizer: edgegrad.sgd() });
  expect(train).toThrow(expect.objectContaining({ code: "core/status" }));
});

describe("a core for prediction without the packs that a file needs", () => {
  const fileOf = (model: ReturnType<typeof sequential>) => {
    useKernels(generalKernels, sequenceKernels);
    const trainer = trainerOf(model);
    const x = values(13 * 5);
    const wanted = trainer.predict(x);
    const file = trainer.saveModel();
    knownPacks.clear();
    return { file, x, wanted };
  };

  test("names the layer and the import, and predicts the same with it", () => {
    const { file, x, wanted } = fileOf(
      sequential([13], [dense(8, { activation: "gelu" }), edgegrad.layerNorm(), edgegrad.unitNorm()]),
    );
    const alone = new PredictCore(moduleOf("predict"), {});
    expect(() => alone.predictor(file)).toThrow(
      expect.objectContaining({
        code: "core/kernels",
        message: expect.stringMatching(
          /^dense \(layers\.0\): .* pass loadCore\(\{ kernels: \[generalKernels\] \}\)$/,
        ),
      }),
    );
    useKernels(generalKernels);
    expect(alone.predictor(file, { batchSize: 7 }).predict(x)).toEqual(wanted);
  });

  test("gets them with allLayers", () => {
    const { file, x, wanted } = fileOf(sequential([13], [dense(8), edgegrad.mish(), edgegrad.layerNorm()]));
    const all = new PredictCore(moduleOf("predict"), { layers: allLayers });
    expect(all.predictor(file, { batchSize: 7 }).predict(x)).toEqual(wanted);
  });

  test("needs none for a dense classifier", () => {
    const { file, x, wanted } = fileOf(
      sequential([13], [dense(8, { activation: "relu" }), batchNorm(), dense(3, { activation: "softmax" })]),
    );
    const alone = new PredictCore(moduleOf("predict"), {});
    expect(alone.predictor(file, { batchSize: 7 }).predict(x)).toEqual(wanted);
    expect([...knownPacks.keys()]).toEqual([]);
  });
});
