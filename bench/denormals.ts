// Steps on numbers below the normal range of f32 against steps on ordinary ones: WASM cannot flush them in hardware.
//
// Place: `npm run bench -- --denormals`. Invariant: each case is timed in turn with the ordinary one, its figure is the
// median of the ratios; the rate is 0 while the clock runs, so that the numbers stay what they are.

import {
  adamw,
  type Core,
  dense,
  loadCore,
  type Optimizer,
  sequential,
  sgd,
  softmaxCrossEntropy,
  type Trainer,
} from "edgegrad";
import { median } from "./report.ts";

const [INPUTS, CLASSES] = [784, 10];
const ROUNDS = 41;
const SAMPLE_MS = 8;

interface Batch {
  readonly x: Float32Array;
  readonly y: Int32Array;
}

interface Case {
  readonly name: string;
  readonly prepare: (trainer: Trainer, batch: Batch) => void;
}

function setWeights(trainer: Trainer, change: (value: number, name: string) => number): void {
  const weights = trainer.getWeights();
  for (const [name, { data }] of Object.entries(weights))
    for (let i = 0; i < data.length; i++) data[i] = change(data[i]!, name);
  trainer.setWeights(weights);
}

const CASES: readonly Case[] = [
  {
    // Nothing but decay leads there, so the updates without it do not look.
    name: "weights that decayed to ±1e-40",
    prepare: (trainer) => setWeights(trainer, (value) => Math.sign(value) * 1e-40),
  },
  {
    name: "gradients of the first layer about 1e-40",
    // Through two layers whose weights are small, but no denormals.
    prepare: (trainer) =>
      setWeights(trainer, (value, name) => (/^[12]\.weight$/.test(name) ? value * 1e-19 : value)),
  },
  {
    // Dead units give no gradient: every step multiplies the moments by 0.9 and 0.999.
    name: "moments that decayed for 3,000 steps behind dead units",
    prepare: (trainer, { x, y }) => {
      for (let step = 0; step < 20; step++) trainer.step(x, y);
      setWeights(trainer, (value, name) => (name === "0.bias" ? -1e3 : value));
      for (let step = 0; step < 3000; step++) trainer.step(x, y);
    },
  },
];

const OPTIMIZERS: Readonly<Record<string, () => Optimizer>> = {
  "SGD, momentum, decay": () => sgd({ learningRate: 0.01, momentum: 0.9, weightDecay: 1e-4 }),
  AdamW: () => adamw(),
};

function trainerOf(core: Core, optimizer: Optimizer, batchSize: number): Trainer {
  const hidden = [128, 32].map((units) => dense(units, { activation: "relu" }));
  const model = sequential([INPUTS], [...hidden, dense(CLASSES)]);
  return core.trainer(model, { loss: softmaxCrossEntropy(), optimizer, batchSize });
}

function batchOf(rows: number): Batch {
  const x = Float32Array.from({ length: rows * INPUTS }, (_, i) => ((i * 2654435761) % 1009) / 1009);
  return { x, y: Int32Array.from({ length: rows }, (_, i) => (i * 7) % CLASSES) };
}

/** Milliseconds of a step, over a short sample. */
function sample(trainer: Trainer, { x, y }: Batch, steps: number): number {
  const start = performance.now();
  for (let i = 0; i < steps; i++) trainer.step(x, y);
  return (performance.now() - start) / steps;
}

/** Times every case beside an ordinary training and gives the ratios as a Markdown table. */
export async function measureDenormals(): Promise<string> {
  const core = await loadCore();
  const lines = [
    "| optimizer | batch | numbers | time of a step, times the ordinary one |",
    "| --- | ---: | --- | ---: |",
  ];
  for (const [name, optimizer] of Object.entries(OPTIMIZERS))
    for (const rows of [1, 32])
      for (const { name: numbers, prepare } of CASES) {
        const batch = batchOf(rows);
        const [ordinary, tiny] = [trainerOf(core, optimizer(), rows), trainerOf(core, optimizer(), rows)];
        for (const trainer of [ordinary, tiny]) sample(trainer, batch, 300);
        prepare(tiny, batch);
        for (const trainer of [ordinary, tiny]) trainer.learningRate = 0;
        const steps = Math.max(1, Math.round(SAMPLE_MS / sample(ordinary, batch, 50)));
        const ratios = Array.from({ length: ROUNDS }, () => {
          const base = sample(ordinary, batch, steps);
          return sample(tiny, batch, steps) / base;
        });
        for (const trainer of [ordinary, tiny]) trainer.dispose();
        lines.push(`| ${name} | ${rows} | ${numbers} | ${median(ratios).toFixed(2)} |`);
        process.stderr.write(".");
      }
  process.stderr.write("\n");
  return lines.join("\n");
}
