// A million weights in one call: how long a whole step of gradient descent takes here.
//
// Place: shown by `edgegrad explain --million`. Invariant: what is timed is `trainer.step`, the call that every training
// makes: forward pass, backward pass, and the update of every weight.

import { dense } from "../layers/core-layers.ts";
import { mse } from "../losses/losses.ts";
import { sequential } from "../model.ts";
import { sgd } from "../optimizers/optimizers.ts";
import type { Core } from "../session.ts";

export interface MillionUpdate {
  readonly parameters: number;
  /** Median time of one step, all of it in one call into the core. */
  readonly milliseconds: number;
  readonly steps: number;
  readonly lossBefore: number;
  readonly lossAfter: number;
  /** The first weight through the first step: w − rate·gradient. */
  readonly first: { readonly before: number; readonly gradient: number; readonly after: number };
  readonly learningRate: number;
}

const SIDE = 1000;
const WARM_STEPS = 30;
const TIMED_STEPS = 50;

/** Trains 1000 × 1000 weights for some steps, each one call, and gives their median time. */
export function updateMillion(core: Core): MillionUpdate {
  const learningRate = 0.1;
  const trainer = core.trainer(sequential([SIDE], [dense(SIDE, { useBias: false })]), {
    loss: mse(),
    optimizer: sgd({ learningRate }),
    batchSize: 1,
    seed: 1,
  });
  try {
    const x = Float32Array.from({ length: SIDE }, (_, i) => ((i * 37) % 101) / 50 - 1);
    const y = Float32Array.from({ length: SIDE }, (_, i) => ((i * 53) % 89) / 44 - 1);
    const weight = () => trainer.getWeights()["0.weight"]!.data[0]!;
    const before = weight();
    const gradient = trainer.gradients(x, y)["0.weight"]!.data[0]!;
    const lossBefore = trainer.step(x, y).loss;
    const first = { before, gradient, after: weight() };
    for (let i = 0; i < WARM_STEPS; i++) trainer.step(x, y);
    const times: number[] = [];
    let lossAfter = lossBefore;
    for (let i = 0; i < TIMED_STEPS; i++) {
      const started = performance.now();
      lossAfter = trainer.step(x, y).loss;
      times.push(performance.now() - started);
    }
    times.sort((a, b) => a - b);
    const milliseconds = times[times.length >> 1]!;
    const { parameters } = trainer.plan;
    return { parameters, milliseconds, steps: TIMED_STEPS, lossBefore, lossAfter, first, learningRate };
  } finally {
    trainer.dispose();
  }
}
