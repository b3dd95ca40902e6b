// Transfer learning: cut a saved model, put on a head, freeze by name, fine-tune; and what frozen layers cost.

import { describe, expect, test } from "vitest";
import {
  accuracy,
  adam,
  add,
  conv2d,
  cutAt,
  dense,
  disassemble,
  functional,
  lenet,
  loadModel,
  type Report,
  smallResNet,
  softmaxCrossEntropy,
  type Trainer,
} from "../../src/api.ts";
import { drawDigits } from "../../src/data/synthetic-digits.ts";
import { ConfigError, ShapeError } from "../../src/errors.ts";
import { testCore } from "../train/session.ts";

const options = {
  loss: softmaxCrossEntropy(),
  optimizer: adam(),
  metrics: [accuracy()],
  batchSize: 16,
  seed: 1,
};
const digits = drawDigits({ count: 400, seed: 4 });

/** Rows of some classes, labelled from 0. */
function classes(wanted: readonly number[]) {
  const rows = Array.from(digits.y.keys()).filter((i) => wanted.includes(digits.y[i]!));
  return {
    x: Uint8Array.from(rows.flatMap((i) => [...digits.x.subarray(784 * i, 784 * (i + 1))])),
    y: Uint8Array.from(rows, (i) => wanted.indexOf(digits.y[i]!)),
  };
}

/** A LeNet that knows five digits. */
async function trained(): Promise<Trainer> {
  const trainer = testCore().trainer(lenet([28, 28, 1], 5), options);
  await trainer.fit(classes([0, 1, 2, 3, 4]), { epochs: 6 });
  return trainer;
}

describe("cutAt", () => {
  test("keeps names and weights before the layer, and nothing behind it", async () => {
    const before = await trained();
    const { model, weights } = cutAt(loadModel(before.saveModel()), "dense2", [
      dense(3, { name: "newHead" }),
    ]);
    const all = before.getWeights();
    expect(Object.keys(weights)).toEqual(Object.keys(all).filter((name) => !name.startsWith("head.")));
    for (const [name, tensor] of Object.entries(weights)) expect(tensor).toEqual(all[name]);
    expect(model.graph.layers.map(({ name }) => name)).toEqual([
      ...["rescale", "conv1", "pool1", "conv2", "pool2", "flatten", "dense1", "dense2", "newHead"],
    ]);
  });

  test("without a head gives the features that the model computed", async () => {
    const before = await trained();
    const loaded = loadModel(before.saveModel());
    const features = cutAt(loaded, "dense2");
    const trainer = testCore().trainer(features.model, { ...options, weights: features.weights });
    const { x } = classes([5]);
    const f = trainer.predict(x) as Float32Array;
    const { data: w } = loaded.weights["head.weight"]!;
    const { data: b } = loaded.weights["head.bias"]!;
    const logits = before.predict(x) as Float32Array;
    for (let i = 0; i < logits.length; i++) {
      const [row, k] = [Math.floor(i / 5), i % 5];
      let sum = b[k]!;
      for (let j = 0; j < 84; j++) sum += f[row * 84 + j]! * w[k * 84 + j]!;
      expect(Math.abs(sum - logits[i]!)).toBeLessThan(1e-3);
    }
  });

  test("fine-tunes new classes on frozen features, which stay as they were", async () => {
    const before = await trained();
    const { model, weights } = cutAt(loadModel(before.saveModel()), "flatten", [
      dense(5, { name: "newHead" }),
    ]);
    const trainer = testCore().trainer(model, { ...options, freeze: ["conv*"] });
    trainer.setWeights({ ...trainer.getWeights(), ...weights });
    const data = classes([5, 6, 7, 8, 9]);
    const accuracyNow = () => (trainer.evaluate(data) as Report & { accuracy: number }).accuracy;
    const first = accuracyNow();
    await trainer.fit(data, { epochs: 15 });
    expect(first).toBeLessThan(0.5);
    expect(accuracyNow()).toBeGreaterThan(0.85);
    for (const [name, tensor] of Object.entries(weights)) expect(trainer.getWeights()[name]).toEqual(tensor);
    // Frozen after a resume, too.
    const resumed = testCore().resume(trainer.saveCheckpoint());
    await resumed.fit(data, { epochs: 16 });
    expect(resumed.getWeights()["conv1.weight"]).toEqual(weights["conv1.weight"]);
    expect(resumed.getWeights()["newHead.weight"]).not.toEqual(trainer.getWeights()["newHead.weight"]);
  });

  test("works inside a network with branches and shared layers", () => {
    const core = testCore();
    const residual = core.trainer(smallResNet([8, 8, 3], 4, { width: 4 }), options);
    const cut = cutAt(loadModel(residual.saveModel()), "stage2.0.add", [dense(2, { name: "newHead" })]);
    const names = cut.model.graph.layers.map(({ name }) => name);
    expect(names).toContain("stage2.0.conv3");
    expect(names.some((name) => name.startsWith("stage3"))).toBe(false);
    expect(Object.keys(cut.weights)).toContain("stage2.0.norm3.running_var");

    const twice = dense(3, { name: "twice" });
    const shared = functional({ a: [3], b: [3], c: [3] }, ({ a, b, c }) =>
      dense(1, { name: "end" })(add({ name: "second" })(add({ name: "first" })(twice(a), twice(b)), c)),
    );
    const loaded = loadModel(core.trainer(shared, { ...options, loss: softmaxCrossEntropy() }).saveModel());
    const part = cutAt(loaded, "first");
    expect(part.model.graph.inputs.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(part.model.graph.calls.length).toBe(3);
    expect(Object.keys(part.weights)).toEqual(["twice.weight", "twice.bias"]);
  });

  test("refuses a layer that is not there, a name that is taken, a head that does not fit", async () => {
    const loaded = loadModel(
      testCore()
        .trainer(lenet([28, 28, 1], 5), options)
        .saveModel(),
    );
    expect(() => cutAt(loaded, "conv9")).toThrow(ConfigError);
    expect(() => cutAt(loaded, "conv9")).toThrow(/no layer "conv9"; it has rescale, conv1/);
    expect(() => cutAt(loaded, "dense2", [dense(3, { name: "conv1" })])).toThrow(
      /two layers are called "conv1"/,
    );
    const { model } = cutAt(loaded, "dense2", [dense(3, { name: "newHead" })]);
    const trainer = testCore().trainer(model, options);
    const five = classes([0, 1, 2, 3, 4]);
    // Rows in order: a 3 or 4 comes in the first batch.
    const untouched = trainer.fingerprint();
    await expect(trainer.fit(five, { shuffle: false })).rejects.toThrow(
      expect.objectContaining({
        code: "data/index",
        message: expect.stringMatching(/an integer from 0 to 2/),
      }),
    );
    expect(trainer.fingerprint()).toBe(untouched);
    expect(() => cutAt(loaded, "dense2", [conv2d(3, 3)])).toThrow(ShapeError);
  });
});

describe("what frozen layers cost", () => {
  const trainerOf = (freeze: readonly string[]) =>
    testCore().trainer(lenet([28, 28, 1], 10), { ...options, batchSize: 64, freeze });

  test("no backward work: the tape holds no gradient of theirs, and the plan says so", () => {
    const [all, frozen] = [trainerOf([]), trainerOf(["conv*"])];
    expect(disassemble(all.tape())).toMatch(/Conv2dWeightGrad/);
    expect(disassemble(frozen.tape())).not.toMatch(/Conv2d(Weight|Input)Grad|Pool2dGrad/);
    // Forward: conv1 64·24²·6·25, conv2 64·8²·16·150 multiply-adds; backward dW of both and dX of conv2.
    const [conv1, conv2] = [2 * 64 * 576 * 6 * 25, 2 * 64 * 64 * 16 * 150];
    const saved = all.plan.flopsPerStep - frozen.plan.flopsPerStep;
    expect(saved).toBeGreaterThanOrEqual(conv1 + 2 * conv2);
    // Beside them, gradients of pooling, relu and the update: under a tenth.
    expect(saved).toBeLessThan(1.1 * (conv1 + 2 * conv2) + 2 * 64 * 256 * 120);
    expect(frozen.plan.trainableParameters).toBe(all.plan.trainableParameters - 156 - 2416);
  });

  test("no activation memory: only what the trained layers need is kept for them", () => {
    const [all, frozen] = [trainerOf([]), trainerOf(["conv*"])];
    expect(frozen.plan.bytes.gradients).toBeLessThan(all.plan.bytes.gradients);
    expect(frozen.plan.bytes.optimizer).toBeLessThan(all.plan.bytes.optimizer);
    // Kept of the convolutions where they are trained: their inputs and both results, and gradients of these.
    const conv = 4 * 64 * (24 * 24 * 6 + 12 * 12 * 6 + 8 * 8 * 16);
    expect(all.plan.bytes.activations - frozen.plan.bytes.activations).toBeGreaterThan(conv / 2);
    // What remains is what passes through the largest convolution, not a sum over the layers.
    expect(frozen.plan.bytes.activations).toBeLessThan(4 * 64 * (784 + 2 * 24 * 24 * 6) + 2 * 4 * 64 * 470);
  });
});
