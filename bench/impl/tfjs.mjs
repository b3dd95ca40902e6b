// TensorFlow.js on its wasm or its cpu backend: core ops, gradients by its tape, its own optimizers.
//
// Place: a worker of the benchmark. Invariant: batches are tensors before the clock starts; the loss is read at every
// step.

import { createRequire } from "node:module";
import { batches, oneHot, serve } from "./worker.mjs";

// The CommonJS bundles, because their ES modules import folders, which Node refuses.
const require = createRequire(import.meta.url);
const tf = require("@tensorflow/tfjs");

async function start(backend) {
  if (backend === "wasm") require("@tensorflow/tfjs-backend-wasm");
  await tf.setBackend(backend);
  await tf.ready();
  return tf.version.tfjs;
}

function forward(x, parameters, task) {
  let h = x;
  task.layers.forEach(({ op, size, pad, image, activation }, i) => {
    if (op === "pool") {
      h = tf.maxPool(h, size, size, "valid");
      return;
    }
    const [w, b] = parameters[i];
    if (image) h = tf.reshape(h, [task.batch, -1]);
    h = tf.add(op === "conv" ? tf.conv2d(h, w, 1, pad) : tf.matMul(h, w), b);
    if (activation) h = tf[activation](h);
  });
  return h;
}

async function network(task, data, { backend }) {
  const version = await start(backend);
  const { inputs, outputs: classes } = task;
  const starts = task.layers.map(
    ({ weight }, i) => weight && [() => tf.tensor(data.weights[i], weight), () => tf.zeros([weight.at(-1)])],
  );
  const layers = starts.map((of) => of?.map((tensor) => tf.variable(tensor())));
  const targets = data.y ?? oneHot(data.labels, classes);
  const parts = batches(task).map(([from, to]) => [
    tf.tensor(data.x.slice(from * inputs, to * inputs), [task.batch, ...task.input]),
    tf.tensor2d(targets.slice(from * classes, to * classes), [task.batch, classes]),
  ]);
  let at = 0;
  const next = () => {
    const part = parts[at];
    at = at + 1 === parts.length ? 0 : at + 1;
    return part;
  };
  if (task.kind === "predict")
    return {
      version,
      init: () => {},
      step() {
        const [x] = next();
        const out = tf.tidy(() => forward(x, layers, task));
        const values = out.dataSync();
        out.dispose();
        return values[0];
      },
    };
  let optimizer;
  const loss = (x, y) => {
    const out = forward(x, layers, task);
    return task.loss === "mse" ? tf.losses.meanSquaredError(y, out) : tf.losses.softmaxCrossEntropy(y, out);
  };
  return {
    version,
    init() {
      optimizer?.dispose();
      optimizer =
        task.optimizer === "adam"
          ? tf.train.adam(task.learningRate, 0.9, 0.999, 1e-8)
          : tf.train.sgd(task.learningRate);
      layers.forEach((variables, i) => {
        variables?.forEach((variable, which) => void variable.assign(starts[i][which]()));
      });
    },
    step() {
      const [x, y] = next();
      const value = optimizer.minimize(() => loss(x, y), true);
      const [number] = value.dataSync();
      value.dispose();
      return number;
    },
  };
}

async function gemm({ m, k, n, transA, transB }, data, { backend }) {
  const version = await start(backend);
  const a = tf.tensor2d(data.a, transA ? [k, m] : [m, k]);
  const b = tf.tensor2d(data.b, transB ? [n, k] : [k, n]);
  let first = true;
  const step = () => {
    const out = tf.matMul(a, b, transA, transB);
    const value = first ? out.dataSync()[0] : 0;
    first = false;
    out.dispose();
    return value;
  };
  return { version, init: () => {}, step };
}

await serve((task, data, options) => (task.kind === "gemm" ? gemm : network)(task, data, options));
