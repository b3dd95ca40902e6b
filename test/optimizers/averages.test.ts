// Averages of weights against their formulas in f64, over checkpoints, and how a trainer is looked at with them.

import { describe, expect, test } from "vitest";

import { StateError } from "../../src/errors.ts";
import { adamax } from "../../src/optimizers/adam-family.ts";
import { averaged, ema, polyak, type WeightAverage } from "../../src/optimizers/averages.ts";
import { adam, sgd } from "../../src/optimizers/optimizers.ts";
import { optimizerState, withAverage } from "../../src/train/with-average.ts";
import { testCore } from "../train/session.ts";
import { batch, linear, weightsOf } from "./update-oracle.ts";

const NAMES = ["0.weight", "0.bias"];

/** Follows an average for 20 updates. */
function follow(average: WeightAverage, next: (a: number, w: number, update: number) => number): void {
  const trainer = linear(averaged(sgd({ learningRate: 0.2, momentum: 0.5 }), average));
  const a: { [name: string]: number[] } = { "0.weight": [], "0.bias": [] };
  for (let update = 0; update < 20; update++) {
    const rows = batch(update);
    trainer.step(rows.x, rows.y);
    const w = weightsOf(trainer);
    const got = optimizerState(trainer, "average");
    for (const name of NAMES)
      w[name]!.forEach((value, i) => {
        a[name]![i] = next(a[name]![i] ?? 0, value, update);
        expect(Math.abs(got[name]!.data[i]! - a[name]![i]!)).toBeLessThan(1e-6);
      });
  }
}

describe("the arithmetic", () => {
  test("ema begins with the weights of the first update", () => {
    follow(ema(0.9), (a, w, update) => (update === 0 ? w : 0.9 * a + 0.1 * w));
  });

  test("ema with a start", () => {
    follow(ema(0.8, { start: 5 }), (a, w, update) => (update <= 5 ? w : 0.8 * a + 0.2 * w));
  });

  test("polyak is the mean of all weights from start on", () => {
    follow(polyak({ start: 4 }), (a, w, update) => (update <= 4 ? w : (a * (update - 4) + w) / (update - 3)));
  });

  test("polyak takes every third", () => {
    follow(polyak({ start: 2, every: 3 }), (a, w, update) => {
      if (update <= 2) return w;
      if ((update - 2) % 3 !== 0) return a;
      const taken = (update - 2) / 3;
      return (a * taken + w) / (taken + 1);
    });
  });

  test("does not change the training", () => {
    const [plain, with_] = [linear(adamax()), linear(averaged(adamax(), ema(0.99)))];
    for (let i = 0; i < 6; i++) for (const t of [plain, with_]) t!.step(batch(i).x, batch(i).y);
    expect(with_!.fingerprint()).toBe(plain!.fingerprint());
  });
});

describe("withAverage", () => {
  const trainer = linear(averaged(adam({ learningRate: 0.1 }), ema(0.9)));
  for (let i = 0; i < 8; i++) trainer.step(batch(i).x, batch(i).y);

  test("evaluates and saves with the average and leaves the weights as they were", () => {
    const before = trainer.fingerprint();
    const average = optimizerState(trainer, "average");
    const loss = withAverage(trainer, (t) => t.evaluate(batch(50)).loss);
    expect(loss).not.toBe(trainer.evaluate(batch(50)).loss);
    const predictor = testCore().predictor(withAverage(trainer, (t) => t.saveModel()));
    const expected = withAverage(trainer, (t) => t.predict(batch(50).x));
    expect(predictor.predict(batch(50).x)).toEqual(expected);
    expect(withAverage(trainer, (t) => t.getWeights()["0.bias"]!.data)).toEqual(average["0.bias"]!.data);
    expect(trainer.fingerprint()).toBe(before);
  });

  test("puts the weights back when the look throws", () => {
    const before = trainer.fingerprint();
    expect(() =>
      withAverage(trainer, () => {
        throw new Error("no");
      }),
    ).toThrow("no");
    expect(trainer.fingerprint()).toBe(before);
  });

  test("needs an average", () => {
    expect(() => withAverage(linear(sgd()), (t) => t.fingerprint())).toThrow(StateError);
  });
});

test("a checkpoint carries the average", () => {
  const a = linear(averaged(adam(), polyak({ start: 2, every: 2 })));
  for (let i = 0; i < 5; i++) a.step(batch(i).x, batch(i).y);
  const b = testCore().resume(a.saveCheckpoint());
  for (let i = 5; i < 9; i++) for (const t of [a, b]) t.step(batch(i).x, batch(i).y);
  expect(optimizerState(b, "average")).toEqual(optimizerState(a, "average"));
  expect(b.fingerprint()).toBe(a.fingerprint());
});

test("what is refused", () => {
  for (const decay of [1, -0.1, Number.NaN]) expect(() => ema(decay)).toThrow(/decay/);
  expect(() => ema(0.9, { start: -1 })).toThrow(/start/);
  expect(() => polyak({ every: 0 })).toThrow(/every/);
  expect(() => averaged(averaged(sgd(), ema(0.9)), polyak())).toThrow(/already/);
});
