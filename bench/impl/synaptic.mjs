// synaptic: one `train` call of many iterations over its compiled network.
//
// Place: a worker of the benchmark, for W4. Invariant: its own starting weights, logistic units and update rule.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { serve } from "./worker.mjs";

const require = createRequire(import.meta.url);
const { Architect, Trainer } = require("synaptic");
const { version } = JSON.parse(readFileSync(require.resolve("synaptic/package.json"), "utf8"));

await serve((task, { x, y }) => {
  if (task.kind !== "train" || task.loss !== "mse")
    return { missing: "no softmax cross-entropy, no products" };
  const rows = Array.from({ length: 4 }, (_, i) => ({ input: [x[2 * i], x[2 * i + 1]], output: [y[i]] }));
  let trainer;
  const run = (iterations) => {
    // An error of −1 is never reached: every iteration is run.
    const { error } = trainer.train(rows, { iterations, error: -1, rate: task.learningRate });
    return { steps: iterations, loss: error };
  };
  return {
    version,
    init() {
      trainer = new Trainer(new Architect.Perceptron(2, 4, 1));
    },
    run,
  };
});
