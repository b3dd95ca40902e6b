// What a step costs beside its arithmetic: one call into the core, no growth, no slow first call.

import { describe, expect, it } from "vitest";
import { adam, dense, mse, sequential, sgd } from "../../src/api.ts";
import { CoreInstance } from "../../src/core/instance.ts";
import { numbers, testCore, xor } from "./session.ts";

declare const gc: () => void;

const xorTrainer = () =>
  testCore().trainer(sequential([2], [dense(4, { activation: "tanh" }), dense(1)]), {
    loss: mse(),
    optimizer: sgd({ learningRate: 0.1 }),
    batchSize: 4,
    seed: 1,
  });

describe("overhead", () => {
  it("a step is exactly one call from JS into the core", () => {
    using trainer = xorTrainer();
    trainer.step(xor.x, xor.y);
    const original = CoreInstance.prototype.run;
    let calls = 0;
    CoreInstance.prototype.run = function (tape, uniforms, steps) {
      calls++;
      return original.call(this, tape, uniforms, steps);
    };
    try {
      trainer.step(xor.x, xor.y);
      expect(calls).toBe(1);
    } finally {
      CoreInstance.prototype.run = original;
    }
  });

  it("a staged epoch of many steps is few calls", async () => {
    using trainer = xorTrainer();
    const original = CoreInstance.prototype.run;
    let calls = 0;
    CoreInstance.prototype.run = function (tape, uniforms, steps) {
      calls++;
      return original.call(this, tape, uniforms, steps);
    };
    try {
      await trainer.fit(xor, { epochs: 100_000 });
      expect(trainer.steps).toBe(100_000);
      expect(calls).toBeLessThan(150);
    } finally {
      CoreInstance.prototype.run = original;
    }
  });

  it("1,000,000 steps of XOR leave WASM memory and the JS heap flat, and learn it", async () => {
    using trainer = xorTrainer();
    await trainer.fit(xor, { epochs: 50_000 });
    gc();
    const heap = process.memoryUsage().heapUsed;
    const { total } = trainer.plan.bytes;
    await trainer.fit(xor, { epochs: 1_050_000 });
    expect(trainer.steps).toBe(1_050_000);
    gc();
    expect(process.memoryUsage().heapUsed - heap).toBeLessThan(1e6);
    expect(trainer.plan.bytes.total).toBe(total);
    expect(trainer.evaluate(xor).loss).toBeLessThan(1e-3);
  });

  it("200,000 single steps leave the JS heap flat", () => {
    using trainer = xorTrainer();
    const steps = (count: number) => {
      for (let i = 0; i < count; i++) trainer.step(xor.x, xor.y);
      gc();
      return process.memoryUsage().heapUsed;
    };
    const before = steps(20_000);
    expect(steps(200_000) - before).toBeLessThan(1e6);
  });

  it("evaluating and predicting do not grow the memory", () => {
    const model = sequential([64], [dense(64, { activation: "relu" }), dense(8)]);
    using trainer = testCore().trainer(model, { loss: mse(), optimizer: adam(), batchSize: 16 });
    const data = { x: numbers(64 * 100), y: numbers(8 * 100) };
    trainer.evaluate(data);
    const { total } = trainer.plan.bytes;
    for (let i = 0; i < 200; i++) {
      trainer.evaluate(data);
      trainer.predict(data.x);
      trainer.fingerprint();
    }
    expect(trainer.plan.bytes.total).toBe(total);
  });
});
