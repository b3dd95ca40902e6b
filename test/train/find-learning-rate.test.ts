// The learning-rate range test: its curve, its suggestion, its bits, and what it refuses.

import { describe, expect, test } from "vitest";

import { dense } from "../../src/layers/core-layers.ts";
import { softmaxCrossEntropy } from "../../src/losses/classes.ts";
import { mse } from "../../src/losses/losses.ts";
import { functional, sequential } from "../../src/model.ts";
import { accumulate } from "../../src/optimizers/accumulate.ts";
import { sgd } from "../../src/optimizers/optimizers.ts";
import { reduceOnPlateau } from "../../src/schedules/schedules.ts";
import { findLearningRate } from "../../src/train/find-learning-rate.ts";
import { numbers, testCore } from "./session.ts";

const core = testCore();
const model = sequential([4], [dense(16, { activation: "tanh" }), dense(3)]);
const x = numbers(4 * 200);
const y = Int32Array.from({ length: 200 }, (_, i) => (x[4 * i]! > 0.2 ? 2 : x[4 * i + 1]! > 0 ? 1 : 0));
const options = () => ({
  loss: softmaxCrossEntropy(),
  optimizer: sgd({ learningRate: 0.01 }),
  batchSize: 16,
  seed: 5,
});

describe("the search", () => {
  test("raises the rate evenly in its logarithm and suggests one that trains", async () => {
    const found = await findLearningRate(
      core,
      model,
      options(),
      { x, y },
      { from: 1e-4, to: 100, steps: 120 },
    );
    expect(found.points[0]!.learningRate).toBe(1e-4);
    for (const [i, { learningRate }] of found.points.entries())
      expect(Math.log10(learningRate)).toBeCloseTo(-4 + (6 * i) / 119, 9);
    expect(found.points.length).toBeLessThan(120);
    expect(found.reason).toMatch(/diverged/);
    expect(found.suggestion).toBeLessThanOrEqual(found.minimum! / 10);
    const train = async (learningRate: number) => {
      const trainer = core.trainer(model, { ...options(), optimizer: sgd({ learningRate }) });
      const { loss } = await trainer.fit({ x, y }, { epochs: 3 });
      return loss.at(-1)!;
    };
    expect(await train(found.suggestion!)).toBeLessThan(0.8 * (await train(found.suggestion! / 1000)));
  });

  test("has the same bits each time, and depends on the seed", async () => {
    const run = (seed: number) =>
      findLearningRate(core, model, { ...options(), seed }, { x, y }, { steps: 40 });
    expect(await run(5)).toEqual(await run(5));
    expect((await run(6)).points).not.toEqual((await run(5)).points);
  });

  test("begins with given weights and leaves them as they are", async () => {
    const trainer = core.trainer(model, options());
    await trainer.fit({ x, y }, { epochs: 4 });
    const before = trainer.fingerprint();
    const weights = trainer.getWeights();
    const found = await findLearningRate(core, model, { ...options(), weights }, { x, y }, { steps: 20 });
    expect(trainer.fingerprint()).toBe(before);
    expect(found.points[0]!.loss).toBeLessThan(1);
  });

  test("takes named inputs, sample weights, accumulation and a plateau", async () => {
    const two = functional({ a: [2], b: [2] }, ({ a, b }) => ({ p: dense(1)(a), q: dense(1)(b) }));
    const found = await findLearningRate(
      core,
      two,
      {
        loss: { p: mse(), q: mse() },
        optimizer: accumulate(2, sgd({ learningRate: reduceOnPlateau(0.1) })),
        batchSize: 8,
      },
      {
        x: { a: numbers(60), b: numbers(60, 2) },
        y: { p: numbers(30, 3), q: numbers(30, 4) },
        sampleWeights: numbers(30, 5).map(Math.abs),
      },
      { steps: 30, from: 1e-3 },
    );
    expect(found.points.length).toBeGreaterThan(10);
    expect(found.points.every(({ loss }) => Number.isFinite(loss))).toBe(true);
  });

  test("says so where nothing falls", async () => {
    const flat = await findLearningRate(
      core,
      model,
      options(),
      { x, y },
      { from: 1e-12, to: 1e-11, smoothing: 0 },
    );
    const constant = await findLearningRate(
      core,
      sequential([1], [dense(1, { kernelInitializer: "zeros", useBias: false })]),
      { loss: mse(), optimizer: sgd() },
      { x: new Float32Array(40), y: new Float32Array(40).fill(1) },
    );
    expect(constant.suggestion).toBeNull();
    expect(constant.reason).toMatch(/fell at no rate/);
    expect(flat.points).toHaveLength(100);
  });
});

test.each([
  [{ from: 0 }, /from must be/],
  [{ from: 1, to: 1 }, /to must be a finite number above from = 1/],
  [{ steps: 3 }, /steps/],
  [{ smoothing: 1 }, /smoothing/],
  [{ divergeAt: 1 }, /divergeAt/],
])("%j is refused", async (search, message) => {
  await expect(findLearningRate(core, model, options(), { x, y }, search)).rejects.toThrow(message);
});
