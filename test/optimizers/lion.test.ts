// Lion against its formula in f64: no golden file has it.
//
// Place: beside the golden optimizer cases. Invariant: w −= rate·(sign(β1·m + (1 − β1)g) + decay·w), then m.

import { expect, test } from "vitest";

import { dense } from "../../src/layers/core-layers.ts";
import { mse } from "../../src/losses/losses.ts";
import { sequential } from "../../src/model.ts";
import { lion } from "../../src/optimizers/adam-family.ts";
import { Core } from "../../src/session.ts";
import { coreModule } from "../run-graph.ts";

test("lion follows its formula for 20 steps", () => {
  const core = new Core(coreModule("simd"), {});
  const [rate, beta1, beta2, decay] = [0.01, 0.8, 0.95, 0.2];
  const trainer = core.trainer(sequential([3], [dense(2)]), {
    loss: mse(),
    optimizer: lion({ learningRate: rate, beta1, beta2, weightDecay: decay }),
    batchSize: 4,
  });
  const x = Float32Array.from({ length: 12 }, (_, i) => Math.sin(i));
  const y = Float32Array.from({ length: 8 }, (_, i) => Math.cos(i));
  const names = ["0.weight", "0.bias"];
  const w = names.map((name) => Array.from(trainer.getWeights()[name]!.data));
  const m = w.map((values) => values.map(() => 0));
  for (let step = 0; step < 20; step++) {
    const gradients = trainer.gradients(x, y);
    trainer.step(x, y);
    names.forEach((name, k) => {
      const got = trainer.getWeights()[name]!.data;
      gradients[name]!.data.forEach((g, i) => {
        const direction = Math.sign(beta1 * m[k]![i]! + (1 - beta1) * g);
        w[k]![i] = w[k]![i]! * (1 - rate * decay) - rate * direction;
        m[k]![i] = beta2 * m[k]![i]! + (1 - beta2) * g;
        expect(got[i]).toBeCloseTo(w[k]![i]!, 5);
      });
    });
  }
});
