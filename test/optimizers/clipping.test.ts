// Clipping by tensor, ascent, and the max-norm constraint against f64 arithmetic.

import { describe, expect, test } from "vitest";

import { ConfigError } from "../../src/errors.ts";
import { maxNorm } from "../../src/layers/constraints.ts";
import { dense } from "../../src/layers/core-layers.ts";
import { mse } from "../../src/losses/losses.ts";
import { sequential } from "../../src/model.ts";
import { rmsprop } from "../../src/optimizers/elementwise.ts";
import { adam, type Optimizer, sgd } from "../../src/optimizers/optimizers.ts";
import { testCore } from "../train/session.ts";
import { batch, gradientOf, INPUTS, linear, OUTPUTS, ROWS, weightsOf } from "./update-oracle.ts";

const NORMS = {
  1: (g: number[]) => g.reduce((sum, v) => sum + Math.abs(v), 0),
  2: (g: number[]) => Math.hypot(...g),
  max: (g: number[]) => Math.max(...g.map(Math.abs)),
};

describe.each([1, 2, "max"] as const)("clipNormPer: tensor, norm %s", (kind) => {
  test("scales each tensor's gradient by its own norm", () => {
    const limit = 0.05;
    const optimizer = sgd({ learningRate: 1, clipNorm: limit, clipNormKind: kind, clipNormPer: "tensor" });
    const trainer = linear(optimizer);
    for (let step = 0; step < 4; step++) {
      const w = weightsOf(trainer);
      const g = gradientOf(w, batch(step));
      trainer.step(batch(step).x, batch(step).y);
      for (const name of ["0.weight", "0.bias"]) {
        const scale = Math.min(1, limit / (NORMS[kind](g[name]!) + 1e-6));
        expect(scale).toBeLessThan(1);
        weightsOf(trainer)[name]!.forEach((value, i) => {
          expect(value).toBeCloseTo(w[name]![i]! - scale * g[name]![i]!, 6);
        });
      }
    }
  });
});

test("maximize ascends, with decay as PyTorch has it", () => {
  for (const make of [
    (): Optimizer => sgd({ learningRate: 0.1, weightDecay: 0.2, maximize: true }),
    (): Optimizer => sgd({ learningRate: 0.1, weightDecay: 0.2, maximize: true, clipNorm: 1e6 }),
  ]) {
    const trainer = linear(make());
    const w = weightsOf(trainer);
    const g = gradientOf(w, batch(1));
    trainer.step(batch(1).x, batch(1).y);
    weightsOf(trainer)["0.weight"]!.forEach((value, i) => {
      expect(value).toBeCloseTo(
        w["0.weight"]![i]! - 0.1 * (-g["0.weight"]![i]! + 0.2 * w["0.weight"]![i]!),
        6,
      );
    });
  }
  const climbing = linear(adam({ learningRate: 0.01, maximize: true }));
  const before = climbing.evaluate(batch(1)).loss;
  for (let i = 0; i < 5; i++) climbing.step(batch(1).x, batch(1).y);
  expect(climbing.evaluate(batch(1)).loss).toBeGreaterThan(before);
});

describe("maxNorm", () => {
  const limited = (optimizer: Optimizer, limit: number) =>
    testCore().trainer(sequential([INPUTS], [dense(OUTPUTS, { kernelConstraint: maxNorm(limit) })]), {
      ...{ loss: mse(), optimizer, batchSize: ROWS },
    });

  test.each([
    ["sgd", () => sgd({ learningRate: 0.5 })],
    ["rmsprop", () => rmsprop({ learningRate: 0.2 })],
  ])("%s: the weights into each unit are scaled back behind the update", (_, make) => {
    const [plain, held] = [linear(make()), limited(make(), 0.7)];
    held.setWeights(plain.getWeights());
    {
      const rows = batch(0);
      plain.step(rows.x, rows.y);
      held.step(rows.x, rows.y);
      const [free, got] = [weightsOf(plain)["0.weight"]!, weightsOf(held)["0.weight"]!];
      for (let o = 0; o < OUTPUTS; o++) {
        const column = free.slice(o * INPUTS, (o + 1) * INPUTS);
        const scale = Math.min(1, 0.7 / (Math.hypot(...column) + 1e-6));
        column.forEach((value, i) => {
          expect(got[o * INPUTS + i]).toBeCloseTo(scale * value, 6);
        });
      }
    }
    for (let step = 0; step < 50; step++)
      held.step(
        batch(step).x,
        batch(step).y.map((v) => 20 * v),
      );
    const got = weightsOf(held)["0.weight"]!;
    const norms = Array.from({ length: OUTPUTS }, (_, o) =>
      Math.hypot(...got.slice(o * INPUTS, (o + 1) * INPUTS)),
    );
    expect(Math.max(...norms)).toBeLessThanOrEqual(0.7);
    expect(Math.max(...norms)).toBeGreaterThan(0.69);
  });

  test("is saved with the model and holds after resumption", () => {
    const trainer = limited(sgd({ learningRate: 0.5 }), 0.7);
    trainer.step(batch(0).x, batch(0).y);
    const resumed = testCore().resume(trainer.saveCheckpoint());
    for (const t of [trainer, resumed]) t.step(batch(1).x, batch(1).y);
    expect(resumed.fingerprint()).toBe(trainer.fingerprint());
  });

  test("what is refused", () => {
    for (const limit of [0, -1, Number.NaN, Infinity]) expect(() => maxNorm(limit)).toThrow(ConfigError);
    const bad = { kernelConstraint: { maxNorm: -1 } };
    expect(() => sequential([3], [dense(2, bad)])).toThrow(/kernelConstraint/);
  });
});

test("contradictory clipping options are refused", () => {
  expect(() => sgd({ clipNormPer: "layer" as "tensor", clipNorm: 1 })).toThrow(/clipNormPer/);
  expect(() => sgd({ clipNormPer: "tensor" })).toThrow(/clipNormPer/);
});
