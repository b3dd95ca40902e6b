// Schedules inside a training run: the rate of every step, across slices, interruption and resumption.
//
// Place: trainer and schedules together. Invariant: where a run is cut changes no bit.

import { describe, expect, test } from "vitest";

import { ConfigError } from "../../src/errors.ts";
import { dense } from "../../src/layers/core-layers.ts";
import { mse } from "../../src/losses/losses.ts";
import { sequential } from "../../src/model.ts";
import { lion, nadam, radam } from "../../src/optimizers/adam-family.ts";
import { rprop } from "../../src/optimizers/elementwise.ts";
import { adam, type Optimizer, sgd } from "../../src/optimizers/optimizers.ts";
import {
  cosineDecay,
  cosineRestarts,
  cyclical,
  exponentialDecay,
  oneCycle,
  piecewiseConstant,
  polynomialDecay,
  reduceOnPlateau,
  warmUp,
} from "../../src/schedules/schedules.ts";
import { Core } from "../../src/session.ts";
import { coreModule } from "../run-graph.ts";

const core = new Core(coreModule("simd"), {});
const ROWS = 20;
const x = Float32Array.from({ length: ROWS * 3 }, (_, i) => Math.sin(i));
const y = Float32Array.from({ length: ROWS * 2 }, (_, i) => Math.cos(i));
const model = sequential([3], [dense(4, { activation: "tanh" }), dense(2)]);
const trainerOf = (optimizer: Optimizer, batchSize = 4) =>
  core.trainer(model, { loss: mse(), optimizer, batchSize, seed: 5 });

const optimizers: [string, Optimizer][] = [
  ["adam with a cosine", adam({ learningRate: cosineDecay(0.01, { steps: 40 }) })],
  ["sgd with warm-up and one cycle", sgd({ learningRate: warmUp(5, oneCycle(0.1, { steps: 30 })) })],
  ["nadam with restarts", nadam({ learningRate: cosineRestarts(0.01, { first: 7, factor: 2 }) })],
  ["radam, cyclical", radam({ learningRate: cyclical(1e-3, 1e-2, { up: 4 }) })],
  ["lion", lion({ learningRate: exponentialDecay(1e-3, { factor: 0.99 }), weightDecay: 0.1 })],
  ["rprop of all rows", rprop()],
  ["a plateau", adam({ learningRate: reduceOnPlateau(0.01, { patience: 0, threshold: 0.5 }) })],
];

describe("a run that is cut, saved and resumed has the same bits", () => {
  test.each(optimizers)("%s", async (_, optimizer) => {
    const whole = trainerOf(optimizer);
    await whole.fit({ x, y }, { epochs: 8 });
    const first = trainerOf(optimizer);
    await first.fit({ x, y }, { epochs: 8, budget: { steps: 13 } });
    const second = core.resume(first.saveCheckpoint());
    expect(second.learningRate).toBe(first.learningRate);
    await second.fit({ x, y }, { epochs: 8 });
    expect(second.fingerprint()).toBe(whole.fingerprint());
    expect(second.learningRate).toBe(whole.learningRate);
  });

  test("one step at a time is the same as many in a call", async () => {
    const optimizer = nadam({ learningRate: polynomialDecay(0.01, { steps: 30, power: 0.7 }) });
    const whole = trainerOf(optimizer, ROWS);
    await whole.fit({ x, y }, { epochs: 25, shuffle: false });
    const steps = trainerOf(optimizer, ROWS);
    for (let i = 0; i < 25; i++) steps.step(x, y);
    expect(steps.fingerprint()).toBe(whole.fingerprint());
  });
});

describe("rates", () => {
  test("each step uses its own rate: the movement of plain descent shows it", () => {
    const trainer = trainerOf(sgd({ learningRate: piecewiseConstant([1, 3], [0.5, 0, 0.25]) }), ROWS);
    const moves = [0, 1, 2, 3].map(() => {
      const before = trainer.getWeights()["1.bias"]!.data.slice();
      const slope = trainer.gradients(x, y)["1.bias"]!.data[0]!;
      trainer.step(x, y);
      return (before[0]! - trainer.getWeights()["1.bias"]!.data[0]!) / slope;
    });
    expect(moves).toEqual([0.5, 0, 0, 0.25].map((rate) => expect.closeTo(rate, 4)));
  });

  test("setting a rate replaces the schedule", () => {
    const trainer = trainerOf(sgd({ learningRate: cosineDecay(0.1, { steps: 10 }) }), ROWS);
    trainer.learningRate = 0.02;
    trainer.step(x, y);
    expect(trainer.learningRate).toBe(0.02);
    expect(core.resume(trainer.saveCheckpoint()).learningRate).toBe(0.02);
  });

  test("a plateau lowers the rate and stops at its least", async () => {
    const stuck = sgd({ learningRate: reduceOnPlateau(1e-12, { patience: 0 }) });
    const trainer = trainerOf(
      { ...stuck, learningRate: 0.5, plateau: { ...stuck.plateau!, threshold: 1e6, minRate: 0.01 } },
      ROWS,
    );
    await trainer.fit({ x, y }, { epochs: 6 });
    expect(trainer.learningRate).toBeCloseTo(0.01, 12);
  });
});

describe("bad options", () => {
  test.each([
    ["no steps", () => cosineDecay(0.1, { steps: 0 })],
    ["a negative rate", () => exponentialDecay(-1, { factor: 0.9 })],
    ["rates that do not fit their boundaries", () => piecewiseConstant([10], [0.1])],
    ["boundaries out of order", () => piecewiseConstant([10, 5], [1, 2, 3])],
    ["a plateau that raises", () => reduceOnPlateau(0.1, { factor: 2 })],
    ["a peak outside the cycle", () => oneCycle(0.1, { steps: 10, peakAt: 1 })],
    ["beta of 1", () => nadam({ beta1: 1 })],
    ["an unknown norm", () => sgd({ clipNorm: 1, clipNormKind: 3 as 2 })],
  ])("%s", (_, make) => {
    expect(make).toThrow(ConfigError);
  });
});
