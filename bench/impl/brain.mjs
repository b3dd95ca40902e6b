// brain.js: one `train` call of many iterations; an iteration updates after each of the four rows.
//
// Place: a worker of the benchmark, for W4. Invariant: its own starting weights, sigmoid units and update rule.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { serve } from "./worker.mjs";

const require = createRequire(import.meta.url);
const brain = require("brain.js");
const { version } = JSON.parse(readFileSync(require.resolve("brain.js/package.json"), "utf8"));

await serve((task, { x, y }) => {
  if (task.kind !== "train" || task.loss !== "mse")
    return { missing: "no softmax cross-entropy, no products" };
  const rows = Array.from({ length: 4 }, (_, i) => ({ input: [x[2 * i], x[2 * i + 1]], output: [y[i]] }));
  let net;
  const run = (iterations) => {
    const { error } = net.train(rows, {
      iterations,
      errorThresh: Number.MIN_VALUE,
      learningRate: task.learningRate,
    });
    return { steps: iterations, loss: error };
  };
  return {
    version,
    init() {
      net = new brain.NeuralNetwork({ hiddenLayers: [4] });
    },
    run,
  };
});
