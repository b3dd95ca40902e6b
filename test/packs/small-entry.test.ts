// The smallest entry: what it carries only where it is named works once it is, and is refused with a remedy before.
//
// Place: Node; no other test shares this file's modules, so nothing is known that it did not bring itself.
// Invariant: cases run in the order of the file: each refusal before what makes it good.

import { expect, test } from "vitest";
import type { ConfigError } from "../../src/errors.ts";
import * as e from "../../src/platform/train.ts";

const core = await e.loadCore();
const data = {
  x: Float32Array.from({ length: 32 }, (_, i) => Math.sin(i)),
  y: new Float32Array(16).fill(0.5),
};
const trainerOf = (activation: e.ActivationOption, optimizer = e.adam()) =>
  core.trainer(e.sequential([2], [e.dense(4, { activation }), e.dense(1)]), {
    loss: e.mse(),
    optimizer,
    batchSize: 4,
    seed: 1,
  });

function refusal(call: () => unknown): ConfigError {
  try {
    call();
  } catch (error) {
    return error as ConfigError;
  }
  throw new Error("nothing was refused");
}

test("activations: a name that no import brought, then the factory, then the name", () => {
  const refused = refusal(() => trainerOf("softsign"));
  expect(refused.code).toBe("layer/option");
  expect(refused.message).toContain(
    "known are linear, relu, leakyRelu, tanh, sigmoid, those that are imported",
  );
  const byFactory = trainerOf(e.softsign).step(data.x.slice(0, 8), data.y.slice(0, 4));
  expect(trainerOf("softsign").step(data.x.slice(0, 8), data.y.slice(0, 4))).toEqual(byFactory);
});

test("activations: a layer is no option, its own options would be lost", () => {
  expect(refusal(() => trainerOf(e.gelu({ approximate: true }) as never)).code).toBe("layer/option");
});

test("schedules: a formula made by hand is refused until a factory brought its evaluation", async () => {
  const byHand = { rate: ["/", 0.01, ["+", 1, "step"]] as const };
  const refused = refusal(() => trainerOf("relu", e.adam({ learningRate: byHand as unknown as e.Schedule })));
  expect(refused.code).toBe("config/schedule");
  const scheduled = e.adam({ learningRate: e.inverseTimeDecay(0.01, { decay: 1 }) });
  const [a, b] = [trainerOf("relu", scheduled), trainerOf("relu", e.adam({ learningRate: byHand as never }))];
  await a.fit(data, { epochs: 2 });
  await b.fit(data, { epochs: 2 });
  expect(a.fingerprint()).toBe(b.fingerprint());
});

test("early stopping: options alone are refused, the rule stops", async () => {
  const never = { patience: 0, minDelta: 1e9 };
  const trainer = trainerOf("relu");
  const refused = await trainer.fit(data, { epochs: 9, earlyStopping: never }).catch((error) => error);
  expect(refused.code).toBe("run/early-stopping");
  const history = await trainer.fit(data, { epochs: 9, earlyStopping: e.earlyStopping(never) });
  expect(history.loss.length).toBe(2);
});

test("saving: functions write what the methods of `edgegrad` write and read", async () => {
  const { loadCore } = await import("../../src/platform/default.ts");
  const trainer = trainerOf("relu");
  await trainer.fit(data, { epochs: 2 });
  const whole = await loadCore();
  const resumed = whole.resume(e.saveCheckpoint(trainer));
  expect(resumed.fingerprint()).toBe(trainer.fingerprint());
  expect(resumed.saveModel()).toEqual(e.saveModel(trainer));
  expect(whole.predictor(e.saveModel(trainer)).predict(data.x)).toEqual(trainer.predict(data.x));
});
