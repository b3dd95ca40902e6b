// convnetjs: plain JavaScript in f64, one row at a time, updates by batch.
//
// Place: a worker of the benchmark, for SGD workloads. Invariant: its own starting weights and data volumes; version 0.3.0
// has no Adam.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { batches, serve } from "./worker.mjs";

const require = createRequire(import.meta.url);
const convnet = require("convnetjs");
const { version } = JSON.parse(
  readFileSync(new URL("../node_modules/convnetjs/package.json", import.meta.url), "utf8"),
);

const volume = (values) => {
  const vol = new convnet.Vol(1, 1, values.length, 0);
  vol.w.set(values);
  return vol;
};

await serve((task, { x, y, labels }) => {
  if (task.kind === "gemm") return { missing: "no products of its own" };
  if (task.kind === "train" && task.optimizer === "adam") return { missing: "no Adam in 0.3.0" };
  const { sizes } = task;
  const last = sizes.length - 1;
  const layers = [{ type: "input", out_sx: 1, out_sy: 1, out_depth: sizes[0] }];
  for (const units of sizes.slice(1, last))
    layers.push({ type: "fc", num_neurons: units, activation: task.hidden });
  layers.push(
    task.loss === "mse"
      ? { type: "regression", num_neurons: sizes[last] }
      : { type: "softmax", num_classes: sizes[last] },
  );
  const parts = batches(task).map(([from, to]) =>
    Array.from({ length: to - from }, (_, i) => {
      const row = from + i;
      const vol = volume(x.subarray(row * sizes[0], (row + 1) * sizes[0]));
      return [vol, task.loss === "mse" ? [y[row]] : labels[row]];
    }),
  );
  let net;
  let trainer;
  let at = 0;
  const init = () => {
    net = new convnet.Net();
    net.makeLayers(layers);
    // Its regression has no sigmoid: a smaller rate keeps it stable.
    const learning_rate = task.loss === "mse" ? task.learningRate / 5 : task.learningRate;
    trainer = new convnet.Trainer(net, { method: "sgd", learning_rate, momentum: 0, batch_size: task.batch });
  };
  const next = () => {
    const part = parts[at];
    at = at + 1 === parts.length ? 0 : at + 1;
    return part;
  };
  const step = () => {
    let loss = 0;
    for (const [vol, target] of next()) loss += trainer.train(vol, target).cost_loss;
    return loss / task.batch;
  };
  if (task.kind === "train") return { version, init, step };
  init();
  return { version, init: () => {}, step: () => net.forward(next()[0][0]).w[0] };
});
