// Gradient accumulation: one update by the mean of k batches, in step, run and slices, over checkpoints.

import { describe, expect, test } from "vitest";
import { dense, dropout } from "../../src/layers/core-layers.ts";
import { mse } from "../../src/losses/losses.ts";
import { sequential } from "../../src/model.ts";
import { accumulate } from "../../src/optimizers/accumulate.ts";
import { lion } from "../../src/optimizers/adam-family.ts";
import { averaged, ema } from "../../src/optimizers/averages.ts";
import { rmsprop } from "../../src/optimizers/elementwise.ts";
import { adam, type Optimizer, sgd } from "../../src/optimizers/optimizers.ts";
import { stepDecay } from "../../src/schedules/schedules.ts";
import { optimizerState } from "../../src/train/with-average.ts";
import { numbers, testCore } from "../train/session.ts";
import { AdamTensor, batch, gradientOf, linear, weightsOf } from "./update-oracle.ts";

const model = sequential([6], [dense(16, { activation: "tanh" }), dropout(0.2), dense(2)]);
const data = { x: numbers(6 * 37), y: numbers(2 * 37, 9) };
const trainerOf = (optimizer: Optimizer, extra: object = {}) =>
  testCore().trainer(model, { loss: mse(), optimizer, batchSize: 4, seed: 3, ...extra });

describe("the arithmetic", () => {
  test("is Adam by the mean gradient of 3 batches; between updates nothing moves", () => {
    const trainer = linear(accumulate(3, adam({ learningRate: stepDecay(0.05, { every: 2 }) })));
    const w = weightsOf(trainer);
    const tensors = { "0.weight": new AdamTensor(), "0.bias": new AdamTensor() };
    for (let update = 0; update < 6; update++) {
      const before = weightsOf(trainer);
      const sum = { "0.weight": [0, 0, 0, 0, 0, 0], "0.bias": [0, 0] };
      for (let i = 0; i < 3; i++) {
        expect(weightsOf(trainer)).toEqual(before);
        const rows = batch(update * 3 + i);
        const g = gradientOf(w, rows);
        for (const name of ["0.weight", "0.bias"] as const)
          g[name]!.forEach((value, j) => {
            sum[name][j]! += value / 3;
          });
        trainer.step(rows.x, rows.y);
      }
      // The schedule counts updates.
      const rate = 0.05 * 0.1 ** Math.floor(update / 2);
      for (const name of ["0.weight", "0.bias"] as const) {
        tensors[name].step(w[name]!, sum[name], rate, 0, false);
        weightsOf(trainer)[name]!.forEach((value, j) => {
          expect(Math.abs(value - w[name]![j]!)).toBeLessThan(3e-6);
        });
      }
    }
    expect(trainer.steps).toBe(18);
  });

  test("4 batches of 4 rows are one batch of 16", () => {
    const [small, large] = [accumulate(4, sgd({ learningRate: 0.1 })), sgd({ learningRate: 0.1 })].map(
      (optimizer, i) =>
        testCore().trainer(sequential([6], [dense(2)]), {
          loss: mse(),
          optimizer,
          batchSize: i === 0 ? 4 : 16,
        }),
    );
    const [x, y] = [data.x.subarray(0, 96), data.y.subarray(0, 32)];
    for (let i = 0; i < 4; i++) small!.step(x.subarray(24 * i, 24 * i + 24), y.subarray(8 * i, 8 * i + 8));
    large!.step(x, y);
    const expected = large!.getWeights()["0.weight"]!.data;
    small!.getWeights()["0.weight"]!.data.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 6);
    });
  });

  test("a batch that fails counts nothing", () => {
    const [a, b] = [linear(accumulate(2, sgd())), linear(accumulate(2, sgd()))];
    const [one, two] = [batch(1), batch(2)];
    for (const t of [a, b]) t.step(one.x, one.y);
    expect(() =>
      a!.step(
        two.x.map(() => 1e30),
        two.y,
      ),
    ).toThrow(/infinite or NaN/);
    for (const t of [a, b]) t.step(two.x, two.y);
    expect(a!.fingerprint()).toBe(b!.fingerprint());
  });
});

describe.each([
  ["adam", () => accumulate(3, adam({ clipNorm: 0.5 }))],
  ["rmsprop with an average", () => averaged(accumulate(3, rmsprop({ momentum: 0.5 })), ema(0.9))],
  ["lion, average inside", () => accumulate(3, averaged(lion(), ema(0.9)))],
])("%s", (_, optimizer) => {
  test("slices, steps and resumption give the same bits", async () => {
    const whole = trainerOf(optimizer());
    await whole.fit(data, { epochs: 4 });
    const sliced = trainerOf(optimizer(), { sliceFlops: 1 });
    await sliced.fit(data, { epochs: 4 });
    expect(sliced.fingerprint()).toBe(whole.fingerprint());
    // 10 batches an epoch: after 11 steps two batches wait for the third.
    let trainer = trainerOf(optimizer());
    for (const steps of [11, 1, 5]) {
      await trainer.fit(data, { epochs: 4, budget: { steps } });
      trainer = testCore().resume(trainer.saveCheckpoint());
    }
    await trainer.fit(data, { epochs: 4 });
    expect(trainer.fingerprint()).toBe(whole.fingerprint());
    for (const slot of ["accumulated", ...(optimizer().average ? ["average"] : [])])
      expect(optimizerState(trainer, slot)).toEqual(optimizerState(whole, slot));
  });
});

test("what is refused", () => {
  for (const k of [0, -1, 1.5, Number.NaN])
    expect(() => accumulate(k, adam())).toThrow(/positive whole number/);
  expect(() => accumulate(2, accumulate(2, adam()))).toThrow(/already/);
  expect(accumulate(1, adam())).toEqual(adam());
});
