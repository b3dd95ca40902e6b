// A look inside a step shows what the step computes: the same gradients to the bit, and nothing of it changes.

import { describe, expect, test } from "vitest";
import {
  add,
  batchNorm,
  conv2d,
  dense,
  dropout,
  embedding,
  flatten,
  functional,
  maxPool2d,
  mse,
  sequential,
  sgd,
  simpleRnn,
  softmaxCrossEntropy,
} from "../../src/api.ts";
import { cloneTrainer, Observer } from "../../src/train/observe.ts";
import { numbers, testCore } from "./session.ts";

const labels = (rows: number, classes: number) =>
  Int32Array.from({ length: rows }, (_, i) => (i * 7) % classes);

const cases = {
  "dense with dropout and batch normalization": () => ({
    model: sequential(
      [6],
      [
        dense(9, { activation: "tanh" }),
        batchNorm(),
        dropout(0.3),
        dense(5, { activation: "relu" }),
        dense(3),
      ],
    ),
    loss: softmaxCrossEntropy(),
    x: numbers(8 * 6),
    y: labels(8, 3),
  }),
  "a layer used twice, two branches": () => ({
    model: functional({ a: [4], b: [4] }, ({ a, b }) => {
      const shared = dense(4, { activation: "sigmoid", name: "shared" });
      return dense(2)(add()(shared(shared(a)), shared(b)));
    }),
    loss: mse(),
    x: { a: numbers(8 * 4), b: numbers(8 * 4, 2) },
    y: numbers(8 * 2, 3),
  }),
  "convolution, pooling and batch normalization": () => ({
    model: sequential(
      [6, 6, 2],
      [conv2d(4, 3, { activation: "relu" }), batchNorm(), maxPool2d(2), flatten(), dense(3)],
    ),
    loss: softmaxCrossEntropy(),
    x: numbers(8 * 72),
    y: labels(8, 3),
  }),
  "an embedding and a recurrent layer": () => ({
    model: sequential([5], [embedding(11, 4), simpleRnn(6, { returnSequences: true }), flatten(), dense(2)]),
    loss: mse(),
    x: labels(8 * 5, 11),
    y: numbers(8 * 2, 3),
  }),
};

describe.each(Object.entries(cases))("%s", (_, make) => {
  const { model, loss, x, y } = make();
  const trainer = testCore().trainer(model, {
    loss,
    optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }),
    batchSize: 8,
    seed: 3,
  });
  trainer.step(x, y);

  test("gradients and loss have the bits of the trainer's", () => {
    const before = trainer.fingerprint();
    const want = trainer.gradients(x, y);
    const observer = new Observer(trainer);
    observer.run({ x, y }, 0, 8);
    for (const tensor of observer.tensors) {
      if (tensor.kind !== "parameter") continue;
      const node = observer.gradientOf(observer.parameters.get(tensor.fullName)!)!;
      const got = observer.read(node);
      const view = tensor.view ?? tensor.shape;
      const axes = tensor.fileAxes ?? view.map((_, i) => i);
      const data = permuted(got.data, view, axes);
      expect(Array.from(data), tensor.fullName).toEqual(Array.from(want[tensor.fullName]!.data));
    }
    expect(observer.scalar(observer.loss)).toBe(trainer.step(x, y).loss);
    observer.dispose();
    expect(before).not.toBe(trainer.fingerprint());
  });

  test("a clone goes on as the trainer does, and leaves it alone", () => {
    const clone = cloneTrainer(trainer);
    const before = trainer.fingerprint();
    clone.step(x, y);
    expect(trainer.fingerprint()).toBe(before);
    trainer.step(x, y);
    expect(clone.fingerprint()).toBe(trainer.fingerprint());
    clone.dispose();
  });
});

/** Row-major data with its axes in another order. */
function permuted(data: Float32Array, shape: readonly number[], axes: readonly number[]): Float32Array {
  const stride = (axis: number) => shape.slice(axis + 1).reduce((p, q) => p * q, 1);
  const outer = axes.map((axis) => shape[axis]!);
  return Float32Array.from(data, (_, i) => {
    let rest = i;
    let at = 0;
    for (let d = axes.length - 1; d >= 0; d--) {
      at += (rest % outer[d]!) * stride(axes[d]!);
      rest = Math.floor(rest / outer[d]!);
    }
    return data[at]!;
  });
}

test("a batch whose values do not all fit is looked at in parts", () => {
  const model = sequential(
    [64],
    [dense(512, { activation: "relu" }), dense(512, { activation: "relu" }), dense(2)],
  );
  const trainer = testCore({ maxBytes: 12e6 }).trainer(model, {
    loss: mse(),
    optimizer: sgd(),
    batchSize: 512,
  });
  const observer = new Observer(trainer);
  expect(observer.batchSize).toBeLessThan(512);
  observer.run({ x: numbers(512 * 64), y: numbers(1024) }, 0, observer.batchSize);
  expect(observer.scalar(observer.loss)).toBeGreaterThan(0);
});
