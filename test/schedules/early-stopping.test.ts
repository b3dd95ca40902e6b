// Early stopping: a fit ends when its validation loss stalls, and keeps the best epoch's weights.
//
// Place: trainer, between epochs. Invariant: what remains evaluates to the best value of the history.

import { expect, test } from "vitest";

import { sha256 } from "../../src/core/hash.ts";
import { decodeCheckpoint } from "../../src/io/checkpoint.ts";
import { dense } from "../../src/layers/core-layers.ts";
import { mse } from "../../src/losses/losses.ts";
import { sequential } from "../../src/model.ts";
import { sgd } from "../../src/optimizers/optimizers.ts";
import { Core } from "../../src/session.ts";
import { Trainer } from "../../src/train/trainer.ts";
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

test("a run that is stopped, saved and resumed in any step ends in the same epoch with the same bits", async () => {
  const validation = data(20, 3.3);
  const options = { epochs: 400, validation, earlyStopping: { patience: 4 } };
  const whole = trainerOf();
  const history = await whole.fit(data(16, 1.7), options);
  let trainer = trainerOf();
  // Two steps an epoch: the pieces end within epochs and between them.
  for (let piece = 0; piece < 400; piece++) {
    const { reason, steps } = await trainer.fit(data(16, 1.7), { ...options, budget: { steps: 3 } });
    if (reason === "done") {
      expect(steps).toBe(history.steps);
      break;
    }
    trainer = core.resume(trainer.saveCheckpoint());
  }
  expect(trainer.fingerprint()).toBe(whole.fingerprint());
  expect(trainer.evaluate(validation).loss).toBe(whole.evaluate(validation).loss);
});

test("works in run, and a finished run leaves nothing in the checkpoint", async () => {
  const validation = data(20, 3.3);
  const trainer = trainerOf();
  const reasons = [];
  for await (const p of trainer.run(data(16, 1.7), {
    epochs: 400,
    validation,
    earlyStopping: { patience: 2 },
  }))
    reasons.push(p.reason);
  expect(reasons.at(-1)).toBe("done");
  expect(trainer.state.run.stopping).toBeUndefined();
});

test("one batch an epoch is looked at epoch by epoch", async () => {
  const rows = data(8, 1.7);
  const trainer = trainerOf();
  const earlyStopping = { mode: "max", patience: 3 } as const;
  const history = await trainer.fit(rows, { epochs: 50, earlyStopping });
  const best = history.loss.indexOf(Math.max(...history.loss));
  expect(history.loss).toHaveLength(best + 5);
  const other = trainerOf();
  await other.fit(rows, { epochs: best + 1 });
  expect(trainer.fingerprint()).toBe(other.fingerprint());
});

test("a checkpoint whose best weights are gone is refused", async () => {
  const trainer = trainerOf();
  const options = { epochs: 9, validation: data(20, 3.3), earlyStopping: {}, budget: { steps: 5 } };
  await trainer.fit(data(16, 1.7), options);
  const checkpoint = decodeCheckpoint(trainer.saveCheckpoint(), (bytes) =>
    sha256(trainer.host.module, bytes),
  );
  const slots = new Map(checkpoint.slots);
  expect(slots.delete("best")).toBe(true);
  expect(() => Trainer.resume(trainer.host, { ...checkpoint, slots })).toThrow(/0\.weight/);
});
