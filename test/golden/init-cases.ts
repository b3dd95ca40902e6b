// Runs `init` cases: the spread of the library's initializers, as the core draws them.
//
// Place: one kind of the golden runner. Fans are all that an initializer sees of a weight, so a dense layer of
// fan_in → fan_out stands for a weight of any shape with these fans.
// Invariant: bounds are exact; deviations hold within six standard errors of a sample of a few ten thousand.

import type { Gain, Initializer } from "../../src/initializers/initializers.ts";
import { dense } from "../../src/layers/core-layers.ts";
import { mse } from "../../src/losses/losses.ts";
import { sequential } from "../../src/model.ts";
import { sgd } from "../../src/optimizers/optimizers.ts";
import { Core } from "../../src/session.ts";
import { coreModule } from "../run-graph.ts";
import { type GoldenCase, supported, Wrong } from "./cases.ts";

type Spread =
  | "xavier_uniform_bound"
  | "xavier_normal_std"
  | "kaiming_uniform_bound"
  | "kaiming_normal_std"
  | "kaiming_normal_std_fan_out";

export interface InitCase extends GoldenCase, Readonly<Record<Spread, number>> {
  readonly fan_in: number;
  readonly fan_out: number;
  readonly nonlinearity: string;
  readonly param: number | null;
}

/** PyTorch's initializers: Kaiming's is LeCun's with a gain. */
const NAMES: Readonly<Record<Spread, "glorotUniform" | "glorotNormal" | "lecunUniform" | "lecunNormal">> = {
  xavier_uniform_bound: "glorotUniform",
  xavier_normal_std: "glorotNormal",
  kaiming_uniform_bound: "lecunUniform",
  kaiming_normal_std: "lecunNormal",
  kaiming_normal_std_fan_out: "lecunNormal",
};

const GAINS: Readonly<Record<string, Gain>> = {
  linear: "linear",
  relu: "relu",
  tanh: "tanh",
  leaky_relu: "leakyRelu",
  selu: "selu",
};

const SAMPLE = 20_000;

/** Weights of a fresh layer, seed after seed, until there are enough. */
function drawWeights(fanIn: number, fanOut: number, kernelInitializer: Initializer): number[] {
  const core = new Core(coreModule("simd"), {});
  const model = sequential([fanIn], [dense(fanOut, { kernelInitializer, useBias: false, name: "layer" })]);
  const values: number[] = [];
  for (let seed = 0; values.length < SAMPLE; seed++) {
    using trainer = core.trainer(model, { loss: mse(), optimizer: sgd(), batchSize: 1, seed });
    values.push(...trainer.getWeights()["layer.weight"]!.data);
  }
  return values;
}

function checkUniform(values: readonly number[], bound: number): string | undefined {
  const top = Math.max(...values.map(Math.abs));
  if (top > bound * (1 + 1e-6)) return `a weight of ${top} is beyond the bound ${bound}`;
  if (top < bound * (1 - 20 / values.length)) return `no weight beyond ${top} though the bound is ${bound}`;
  return checkDeviation(values, bound / Math.sqrt(3));
}

function checkDeviation(values: readonly number[], deviation: number): string | undefined {
  const n = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / n;
  const got = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / n);
  if (Math.abs(mean) > (6 * deviation) / Math.sqrt(n)) return `mean ${mean} instead of 0`;
  if (Math.abs(got / deviation - 1) > 6 / Math.sqrt(2 * n)) return `deviation ${got} instead of ${deviation}`;
  return undefined;
}

export function runInitCase(c: InitCase): void {
  const gain = supported(GAINS, "initializer", c.nonlinearity);
  const wrong = Object.entries(NAMES).flatMap(([spread, name]) => {
    const values = drawWeights(c.fan_in, c.fan_out, {
      ...{ name, gain },
      ...(c.param !== null && { negativeSlope: c.param }),
      ...(spread.endsWith("fan_out") && { fan: "out" as const }),
    });
    const check = spread.includes("bound") ? checkUniform : checkDeviation;
    const message = check(values, c[spread as Spread]);
    return message ? [`${name}: ${message}`] : [];
  });
  if (wrong.length > 0) throw new Wrong(wrong.join("; "));
}
