// Early stopping: a fit ends when its validation loss stalls, and keeps the best epoch's weights.
//
// Place: trainer, between epochs. Invariant: what remains evaluates to the best value of the history.

import { expect, test } from "vitest";

import { dense } from "../../src/layers/core-layers.ts";
import { mse } from "../../src/losses/losses.ts";
import { sequential } from "../../src/model.ts";
import { sgd } from "../../src/optimizers/optimizers.ts";
import { Core } from "../../src/session.ts";
import { coreModule } from "../run-graph.ts";

const data = (rows: number, seed: number) => ({
  x: Float32Array.from({ length: rows * 4 }, (_, i) => Math.sin(seed * (i + 1))),
  y: Float32Array.from({ length: rows }, (_, i) => Math.cos(seed * 7 * i)),
});
const core = new Core(coreModule("simd"), {});
const trainerOf = () =>
  core.trainer(sequential([4], [dense(16, { activation: "tanh" }), dense(1)]), {
    loss: mse(),
    optimizer: sgd({ learningRate: 0.2, momentum: 0.9 }),
    batchSize: 8,
  });

test("ends early with the best weights", async () => {
  const trainer = trainerOf();
  const validation = data(20, 3.3);
  const history = await trainer.fit(data(16, 1.7), {
    epochs: 400,
    validation,
    earlyStopping: { patience: 4 },
  });
  const losses = history.metrics.val_loss!;
  expect(losses.length).toBeLessThan(400);
  const best = Math.min(...losses);
  expect(losses.indexOf(best)).toBe(losses.length - 6);
  expect(trainer.evaluate(validation).loss).toBe(best);
});

test("leaves the last weights where asked to", async () => {
  const trainer = trainerOf();
  const validation = data(20, 3.3);
  const earlyStopping = { patience: 4, restoreBest: false };
  const history = await trainer.fit(data(16, 1.7), { epochs: 400, validation, earlyStopping });
  expect(trainer.evaluate(validation).loss).toBe(history.metrics.val_loss!.at(-1));
});

test("an unknown metric is named", async () => {
  const trainer = trainerOf();
  const fit = trainer.fit(data(16, 1.7), { earlyStopping: { monitor: "auc" } });
  await expect(fit).rejects.toThrow(/no "auc" to monitor; known are loss/);
});
