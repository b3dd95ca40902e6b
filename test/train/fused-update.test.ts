// The update that is fused into the weight gradient of one row, against the separate one: same bits, same guard.

import { describe, expect, it } from "vitest";
import { dense, mse, sequential, sgd } from "../../src/api.ts";
import { disassemble } from "../../src/tape/disassemble.ts";
import type { Trainer } from "../../src/train/trainer.ts";
import { numbers, testCore } from "./session.ts";

/** A trainer planned for one row fuses; one planned for two rows runs the same single row unfused. */
const trainerOf = (inputs: number, units: number, batchSize: number, options = {}): Trainer =>
  testCore().trainer(sequential([inputs], [dense(units), dense(3)]), {
    loss: mse(),
    optimizer: sgd({ learningRate: 0.01, ...options }),
    batchSize,
    seed: 3,
  });

const isFused = (trainer: Trainer): boolean => disassemble(trainer.tape()).includes("OuterSgd");

describe("fused update", () => {
  it.each([64, 65, 66, 67, 128, 131, 255, 256, 257, 300, 513])(
    "gives the bits of the separate one, %i units",
    (units) => {
      using fused = trainerOf(97, units, 1);
      using separate = trainerOf(97, units, 2);
      expect(isFused(fused)).toBe(true);
      expect(isFused(separate)).toBe(false);
      for (let step = 1; step <= 20; step++) {
        // Zeros, whose rows are left out, and values whose products with the gradient are denormal.
        const x = numbers(97, step).map((v, i) => (i % 3 === 0 ? 0 : i % 7 === 0 ? v * 1e-38 : v));
        const y = numbers(3, step + 100);
        expect(fused.step(x, y).loss).toBe(separate.step(x, y).loss);
        expect(fused.fingerprint()).toBe(separate.fingerprint());
      }
    },
  );

  it("keeps the sign of zero weights where inputs are negative and gradients 0", () => {
    const layers = () => [dense(67, { activation: "relu" }), dense(3)];
    const [fused, separate] = [1, 2].map((batchSize) => {
      const options = { loss: mse(), optimizer: sgd({ learningRate: 0.01 }), batchSize, seed: 3 };
      const trainer = testCore().trainer(sequential([97], layers()), options);
      const weights = trainer.getWeights();
      // Columns of units that a ReLU turns off get no gradient: ±0 must stay as it is.
      for (const { data } of Object.values(weights)) for (let i = 0; i < data.length; i += 5) data[i] = -0;
      trainer.setWeights(weights);
      return trainer;
    }) as [Trainer, Trainer];
    expect([isFused(fused), isFused(separate)]).toEqual([true, false]);
    for (let step = 1; step <= 5; step++) {
      const [x, y] = [numbers(97, step), numbers(3, step + 100)];
      expect(x.some((v) => v < 0) && x.some((v) => v > 0)).toBe(true);
      fused.step(x, y);
      separate.step(x, y);
      expect(fused.fingerprint()).toBe(separate.fingerprint());
    }
  });

  it("is left out where it would need more than plain SGD", () => {
    for (const options of [{ momentum: 0.9 }, { weightDecay: 0.1 }, { clipNorm: 1 }, { clipValue: 1 }]) {
      using trainer = trainerOf(97, 64, 1, options);
      expect(isFused(trainer)).toBe(false);
    }
  });

  it("gives gradients that the step leaves out", () => {
    using fused = trainerOf(97, 64, 1);
    using separate = trainerOf(97, 64, 2);
    const [x, y] = [numbers(97), numbers(3)];
    fused.step(x, y);
    separate.step(x, y);
    expect(fused.gradients(x, y)).toEqual(separate.gradients(x, y));
  });

  it("refuses a step whose gradient would overflow, and changes nothing", () => {
    using trainer = trainerOf(97, 64, 1);
    const before = trainer.fingerprint();
    const x = numbers(97).map((v) => v * 1e25);
    expect(() => trainer.step(x, numbers(3))).toThrow(/infinite or NaN/);
    expect(trainer.fingerprint()).toBe(before);
    expect(trainer.steps).toBe(0);
  });
});
