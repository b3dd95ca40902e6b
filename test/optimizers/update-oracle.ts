// One dense layer and its gradient, so that a test can follow an optimizer in f64 beside the core.
//
// Place: tests of groups, accumulation, averages, clipping. Invariant: the gradient comes from the formula of the mean
// squared error, not from the core.

import { dense } from "../../src/layers/core-layers.ts";
import { mse } from "../../src/losses/losses.ts";
import { sequential } from "../../src/model.ts";
import type { Optimizer } from "../../src/optimizers/optimizers.ts";
import type { Trainer } from "../../src/train/trainer.ts";
import { numbers, testCore } from "../train/session.ts";

export const [ROWS, INPUTS, OUTPUTS] = [4, 3, 2];

/** Parameters by name in the file's order: weight [out, in], bias [out]. */
export type Values = { [name: string]: number[] };

export const linear = (optimizer: Optimizer, extra: object = {}): Trainer =>
  testCore().trainer(sequential([INPUTS], [dense(OUTPUTS, { biasInitializer: "ones" })]), {
    ...{ loss: mse(), optimizer, batchSize: ROWS },
    ...extra,
  });

export const batch = (seed: number): { x: Float32Array; y: Float32Array } => ({
  x: numbers(ROWS * INPUTS, seed),
  y: numbers(ROWS * OUTPUTS, seed + 1000),
});

export const weightsOf = (trainer: Trainer): Values =>
  Object.fromEntries(
    Object.entries(trainer.getWeights()).map(([name, { data }]) => [name, Array.from(data)]),
  );

/** d/dw of mean((x·Wᵀ + b − y)²) */
export function gradientOf(w: Values, { x, y }: { x: Float32Array; y: Float32Array }): Values {
  const g: Values = { "0.weight": new Array(OUTPUTS * INPUTS).fill(0), "0.bias": new Array(OUTPUTS).fill(0) };
  for (let n = 0; n < ROWS; n++)
    for (let o = 0; o < OUTPUTS; o++) {
      let out = w["0.bias"]![o]!;
      for (let i = 0; i < INPUTS; i++) out += x[n * INPUTS + i]! * w["0.weight"]![o * INPUTS + i]!;
      const d = (2 * (out - y[n * OUTPUTS + o]!)) / (ROWS * OUTPUTS);
      g["0.bias"]![o]! += d;
      for (let i = 0; i < INPUTS; i++) g["0.weight"]![o * INPUTS + i]! += d * x[n * INPUTS + i]!;
    }
  return g;
}

/** Adam of one tensor as PyTorch defines it. */
export class AdamTensor {
  m: number[] = [];
  v: number[] = [];
  t = 0;
  step(w: number[], g: number[], rate: number, decay: number, decoupled: boolean): void {
    this.t++;
    w.forEach((value, i) => {
      if (decoupled) w[i] = value * (1 - rate * decay);
      const gradient = g[i]! + (decoupled ? 0 : decay * value);
      this.m[i] = 0.9 * (this.m[i] ?? 0) + 0.1 * gradient;
      this.v[i] = 0.999 * (this.v[i] ?? 0) + 0.001 * gradient * gradient;
      const size = Math.sqrt(this.v[i]! / (1 - 0.999 ** this.t)) + 1e-8;
      w[i]! -= (rate * this.m[i]!) / (1 - 0.9 ** this.t) / size;
    });
  }
}
