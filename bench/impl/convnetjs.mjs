// convnetjs: plain JavaScript in f64, one row at a time, updates by batch.
//
// Place: a worker of the benchmark. Invariant: its own starting weights and data volumes; version 0.3.0 has no Adam,
// so that images, which no other JavaScript trains in reasonable time, are trained by SGD, and the row says so.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { batches, serve } from "./worker.mjs";

const require = createRequire(import.meta.url);
const convnet = require("convnetjs");
const { version } = JSON.parse(
  readFileSync(new URL("../node_modules/convnetjs/package.json", import.meta.url), "utf8"),
);

const volume = (values, [height, width, channels]) => {
  const vol = new convnet.Vol(width, height, channels, 0);
  vol.w.set(values);
  return vol;
};

function layersOf({ layers, input, loss, outputs }) {
  const [height, width, channels] = input.length === 3 ? input : [1, 1, input[0]];
  const list = [{ type: "input", out_sx: width, out_sy: height, out_depth: channels }];
  layers.slice(0, -1).forEach(({ op, weight, pad, size, activation }) => {
    if (op === "pool") list.push({ type: "pool", sx: size, stride: size });
    else if (op === "dense") list.push({ type: "fc", num_neurons: weight[1], activation });
    else list.push({ type: "conv", sx: weight[0], filters: weight[3], stride: 1, pad, activation });
  });
  list.push(
    loss === "mse" ? { type: "regression", num_neurons: outputs } : { type: "softmax", num_classes: outputs },
  );
  return list;
}

await serve((task, { x, y, labels }) => {
  if (task.kind === "gemm") return { missing: "no products of its own" };
  const isImage = task.input.length === 3;
  const adam = task.kind === "train" && task.optimizer === "adam";
  if (adam && !isImage) return { missing: "no Adam in 0.3.0" };
  const shape = isImage ? task.input : [1, 1, task.inputs];
  const parts = batches(task).map(([from, to]) =>
    Array.from({ length: to - from }, (_, i) => {
      const row = from + i;
      const vol = volume(x.subarray(row * task.inputs, (row + 1) * task.inputs), shape);
      return [vol, task.loss === "mse" ? [y[row]] : labels[row]];
    }),
  );
  let net;
  let trainer;
  let at = 0;
  const init = () => {
    net = new convnet.Net();
    net.makeLayers(layersOf(task));
    // Its regression has no sigmoid: a smaller rate keeps it stable.
    const learning_rate = task.loss === "mse" ? task.learningRate / 5 : adam ? 0.1 : task.learningRate;
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
  if (task.kind === "train")
    return { version, init, step, ...(adam && { note: "by SGD: 0.3.0 has no Adam" }) };
  init();
  return { version, init: () => {}, step: () => net.forward(next()[0][0]).w[0] };
});
