// The ready architectures: they train, save, load, go on bit for bit, and refuse what does not fit.
//
// Place: beside src/models/. Invariant proved here: each is a plain function under 60 lines that learns a small task.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  accuracy,
  adam,
  lenet,
  loadModel,
  mobileNetTiny,
  randomFlip,
  randomShift,
  smallResNet,
  softmaxCrossEntropy,
} from "../../src/api.ts";
import { drawDigits } from "../../src/data/synthetic-digits.ts";
import { ShapeError } from "../../src/errors.ts";
import { testCore } from "../train/session.ts";

const digits = drawDigits({ count: 160, seed: 11 });
/** Three classes of drawn digits, so that a few steps suffice. */
const rows = Array.from(digits.y.keys()).filter((i) => digits.y[i]! < 3);
const data = {
  x: Uint8Array.from(rows.flatMap((i) => [...digits.x.subarray(i * 784, (i + 1) * 784)])),
  y: Int32Array.from(rows, (i) => digits.y[i]!),
};

const architectures = { lenet, smallResNet, mobileNetTiny };
const files = { lenet: "lenet", smallResNet: "small-res-net", mobileNetTiny: "mobile-net-tiny" };
const parameters = { lenet: 44_426, smallResNet: 77_754, mobileNetTiny: 18_826 };
const small = { lenet: {}, smallResNet: { width: 4 }, mobileNetTiny: { width: 8 } };

describe.each(Object.keys(architectures) as (keyof typeof architectures)[])("%s", (name) => {
  const architecture = architectures[name];
  const trainerOf = (options: Parameters<typeof architecture>[2] = {}, seed = 1) =>
    testCore().trainer(architecture([28, 28, 1], 3, { ...small[name], ...options }), {
      loss: softmaxCrossEntropy(),
      optimizer: adam({ learningRate: 5e-3 }),
      metrics: [accuracy()],
      batchSize: 16,
      seed,
    });

  test("is under 60 lines and has the parameters it says", () => {
    expect(readFileSync(`src/models/${files[name]}.ts`, "utf8").split("\n").length).toBeLessThan(60);
    const trainer = testCore().trainer(architecture([28, 28, 1], 10), {
      loss: softmaxCrossEntropy(),
      optimizer: adam(),
    });
    expect(trainer.plan.parameters).toBe(parameters[name]);
  });

  test("learns, and predicts the same from its file", { timeout: 60_000 }, async () => {
    const trainer = trainerOf();
    const before = trainer.evaluate(data).loss;
    // Running means need some 30 steps to follow the batches: 3 of these are an epoch.
    const history = await trainer.fit(data, { epochs: name === "lenet" ? 8 : 24 });
    const after = trainer.evaluate(data) as { loss: number; accuracy: number };
    expect(after.loss).toBeLessThan(before! / 2);
    expect(after.accuracy).toBeGreaterThan(0.8);
    expect(history.loss!.at(-1)).toBeLessThan(history.loss![0]!);
    const bytes = trainer.saveModel();
    expect(testCore().predictor(bytes).predict(data.x)).toEqual(trainer.predict(data.x));
    const { graph } = loadModel(bytes).model;
    expect(graph).toEqual(architecture([28, 28, 1], 3, small[name]).graph);
  });

  test("goes on bit for bit, augmentation included", { timeout: 60_000 }, async () => {
    const before = [randomShift(2), randomFlip()];
    const whole = trainerOf({ before });
    await whole.fit(data, { epochs: 3 });
    const half = trainerOf({ before });
    await half.fit(data, { epochs: 1 });
    const resumed = testCore().resume(half.saveCheckpoint());
    await resumed.fit(data, { epochs: 3 });
    expect(resumed.fingerprint()).toBe(whole.fingerprint());
    expect(trainerOf({ before }, 2).fingerprint()).not.toBe(trainerOf({ before }).fingerprint());
  });
});

test("LeNet at batch 64 with Adam takes at most 16 MB", () => {
  const trainer = testCore().trainer(lenet([28, 28, 1], 10), {
    loss: softmaxCrossEntropy(),
    optimizer: adam(),
    batchSize: 64,
  });
  expect(trainer.plan.bytes.total).toBeLessThanOrEqual(16e6);
});

test("LeNet refuses pictures that are too small for it, by the layer's name", () => {
  expect(() => lenet([8, 8, 1], 10)).toThrow(ShapeError);
  expect(() => lenet([8, 8, 1], 10)).toThrow(/layers\.(conv2|pool2)/);
});
