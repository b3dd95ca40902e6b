// Scores over a trainer's predictions, weights and ignored labels in scores and in evaluate, and in runs.

import { describe, expect, test } from "vitest";

import { dense } from "../../src/layers/core-layers.ts";
import { softmaxCrossEntropy } from "../../src/losses/classes.ts";
import { binaryCrossEntropy, mse } from "../../src/losses/losses.ts";
import { accuracy } from "../../src/metrics/metrics.ts";
import {
  accuracyScore,
  calibrationError,
  confusionMatrix,
  f1Score,
  logLoss,
  meanAbsoluteErrorScore,
  prAuc,
  precision,
  recall,
  rocAuc,
  rootMeanSquaredError,
  rSquared,
  type Score,
  topKAccuracy,
} from "../../src/metrics/scores.ts";
import { functional, sequential } from "../../src/model.ts";
import { averaged, ema } from "../../src/optimizers/averages.ts";
import { adam, sgd } from "../../src/optimizers/optimizers.ts";
import { scored } from "../../src/train/scored.ts";
import { withAverage } from "../../src/train/with-average.ts";
import { numbers, testCore } from "./session.ts";

describe("weights", () => {
  const [p, t] = [numbers(60, 3), Float32Array.from({ length: 20 }, (_, i) => i % 3)];
  const binary = { p: numbers(20, 4), t: Float32Array.from({ length: 20 }, (_, i) => (i * 7) % 2) };
  const makers: [string, () => Score<unknown>, boolean][] = [
    ["topK", () => topKAccuracy(2, 3), true],
    ["confusion", () => confusionMatrix({ classes: 3 }), true],
    ["accuracy", () => accuracyScore({ classes: 3 }), true],
    ["f1", () => f1Score({ classes: 3 }), true],
    ["logLoss", () => logLoss({ classes: 3 }), true],
    ["calibration", () => calibrationError({ classes: 3 }), true],
    ["precision", precision, false],
    ["recall", recall, false],
    ["rocAuc", rocAuc, false],
    ["prAuc", prAuc, false],
    ["rmse", rootMeanSquaredError, false],
    ["mae", meanAbsoluteErrorScore, false],
    ["r2", rSquared, false],
  ];

  test.each(makers)("%s: a whole weight is as many copies, 0 none", (_, make, several) => {
    const [preds, targets, columns] = several ? [p, t, 3] : [binary.p, binary.t, 1];
    const weights = Array.from({ length: 20 }, (_, i) => i % 4);
    const copies = make();
    weights.forEach((weight, i) => {
      for (let k = 0; k < weight; k++)
        copies.update(preds.subarray(i * columns, (i + 1) * columns), targets.subarray(i, i + 1));
    });
    const got = make().update(preds, targets, weights).result();
    const expected = copies.result();
    if (typeof got === "number") expect(got).toBeCloseTo(expected as number, 10);
    else expect(got).toEqual(expected);
  });

  test.each([
    ["negative", [1, -1], /finite weights ≥ 0, got -1/],
    ["NaN", [1, Number.NaN], /got NaN/],
    ["too many", [1, 1, 1], /a weight for each of 2 targets/],
  ])("%s weights are refused", (_, weights, message) => {
    expect(() => rocAuc().update([0.1, 0.2], [0, 1], weights)).toThrow(message);
  });
});

describe("evaluate", () => {
  test("class weights and ignored labels make one mean over all chunks", () => {
    const classWeights = [0.2, 3, 1];
    const [model, x] = [sequential([4], [dense(3)]), numbers(4 * 50)];
    const y = Int32Array.from({ length: 50 }, (_, i) => (i < 12 ? -1 : (i * i) % 3));
    const loss = () => softmaxCrossEntropy({ classWeights, ignoreLabel: -1 });
    const [small, large] = [7, 50].map((batchSize) =>
      testCore().trainer(model, { loss: loss(), optimizer: sgd(), batchSize }),
    );
    const logits = small!.predict(x) as Float32Array;
    let [sum, count] = [0, 0];
    y.forEach((label, i) => {
      if (label < 0) return;
      const row = Array.from(logits.subarray(3 * i, 3 * i + 3));
      const log = Math.log(row.reduce((a, b) => a + Math.exp(b), 0));
      sum += classWeights[label]! * (log - row[label]!);
      count += classWeights[label]!;
    });
    for (const trainer of [small!, large!])
      expect(trainer.evaluate({ x, y }).loss).toBeCloseTo(sum / count, 5);
  });

  test("on several outputs, with weights and a penalty", () => {
    const model = functional({ x: [4] }, ({ x }) => ({
      a: dense(3, { kernelRegularizer: { l2: 0.1 } })(x),
      b: dense(1)(x),
    }));
    const data = {
      x: numbers(80),
      y: { a: Int32Array.from({ length: 20 }, (_, i) => i % 3), b: numbers(20, 8) },
    };
    const [small, large] = [3, 20].map((batchSize) =>
      testCore().trainer(model, {
        loss: { a: softmaxCrossEntropy({ classWeights: [1, 5, 0.1] }), b: mse() },
        lossWeights: { a: 2, b: 0.5 },
        optimizer: sgd(),
        batchSize,
      }),
    );
    const [got, expected] = [small!.evaluate(data), large!.evaluate(data)];
    for (const name of Object.keys(expected)) expect(got[name]).toBeCloseTo(expected[name]!, 5);
    expect(Object.keys(got)).toEqual(["loss", "a_loss", "b_loss"]);
  });
});

describe("scored", () => {
  const x = numbers(3 * 64, 2);
  const y = Float32Array.from({ length: 64 }, (_, i) => (x[3 * i]! + x[3 * i + 1]! > 0.2 ? 1 : 0));
  const make = () =>
    testCore().trainer(sequential([3], [dense(1)]), {
      loss: binaryCrossEntropy(),
      optimizer: averaged(adam({ learningRate: 0.02 }), ema(0.9)),
      metrics: [accuracy()],
      batchSize: 16,
    });

  test("gives loss, metrics and scores over all rows", () => {
    const trainer = make();
    const figures = scored({ x, y }, [rocAuc, accuracyScore, () => f1Score({ threshold: 0.5 })])(trainer);
    const expected = rocAuc()
      .update(trainer.predict(x) as Float32Array, y)
      .result();
    expect(figures.rocAuc).toBe(expected);
    expect(figures.loss).toBe(trainer.evaluate({ x, y }).loss);
    expect(figures.accuracy).toBeCloseTo(trainer.evaluate({ x, y }).accuracy!, 6);
    expect(Object.keys(figures)).toEqual(["loss", "accuracy", "rocAuc", "f1"]);
  });

  test("validates a run, which early stopping may watch", async () => {
    const trainer = make();
    const validation = scored({ x, y }, [rocAuc]);
    const history = await trainer.fit(
      { x, y },
      { epochs: 12, validation, earlyStopping: { monitor: "rocAuc", mode: "max", patience: 3 } },
    );
    const best = Math.max(...history.metrics.val_rocAuc!);
    expect(best).toBeGreaterThan(0.8);
    expect(validation(trainer).rocAuc).toBe(best);
    const other = make();
    const average = await other.fit(
      { x, y },
      { epochs: 2, validation: () => withAverage(trainer, scored({ x, y }, [prAuc])) },
    );
    expect(average.metrics.val_prAuc).toHaveLength(2);
  });

  test("leaves out ignored labels and weighs classes and rows", () => {
    const trainer = testCore().trainer(sequential([3], [dense(2)]), {
      loss: softmaxCrossEntropy({ ignoreLabel: 9 }),
      optimizer: sgd(),
    });
    const labels = Int32Array.from(y, (v, i) => (i % 5 === 0 ? 9 : v));
    const logits = trainer.predict(x) as Float32Array;
    const score = () => accuracyScore({ classes: 2 });
    const rows = numbers(64, 7).map(Math.abs);
    const weights = Array.from(labels, (label, i) => (label === 9 ? 0 : [2, 5][label]! * rows[i]!));
    const expected = score()
      .update(
        logits,
        labels.map((l) => l % 9),
        weights,
      )
      .result();
    const got = scored({ x, y: labels, sampleWeights: rows }, [score], {
      ignoreLabel: 9,
      classWeights: [2, 5],
    });
    expect(got(trainer).accuracy).toBeCloseTo(expected, 12);
  });

  test("what is refused", () => {
    const trainer = make();
    expect(() => scored({ x, y: y.map(() => 1) }, [rocAuc])(trainer)).toThrow(/both classes/);
    expect(() => scored({ x, y }, [rocAuc], { classWeights: [1, -1] })).toThrow(/classWeights/);
    expect(() => scored({ x, y }, [rocAuc], { classWeights: [1] })).toThrow(/no weight for label 1/);
    expect(() => scored({ x, y: { a: y, b: y } }, [rocAuc])).toThrow(/give { output }, one of a,b/);
  });
});
