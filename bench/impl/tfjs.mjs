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

function forward(x, layers, task) {
  let h = x;
  layers.forEach(([w, b], i) => {
    h = tf.add(tf.matMul(h, w), b);
    if (i + 1 < layers.length) h = task.hidden === "relu" ? tf.relu(h) : tf.tanh(h);
  });
  return task.loss === "mse" ? tf.sigmoid(h) : h;
}

async function mlp(task, data, { backend }) {
  const version = await start(backend);
  const { sizes } = task;
  const first = task.sizes.slice(1).map((units, i) => [data.weights[i], sizes[i], units]);
  const layers = first.map(([w, from, to]) => [
    tf.variable(tf.tensor2d(w, [from, to])),
    tf.variable(tf.zeros([to])),
  ]);
  const classes = sizes.at(-1);
  const targets = data.y ?? oneHot(data.labels, classes);
  const parts = batches(task).map(([from, to]) => [
    tf.tensor2d(data.x.slice(from * sizes[0], to * sizes[0]), [task.batch, sizes[0]]),
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
      layers.forEach(([w, b], i) => {
        const [values, from, to] = first[i];
        w.assign(tf.tensor2d(values, [from, to]));
        b.assign(tf.zeros([to]));
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

await serve((task, data, options) => (task.kind === "gemm" ? gemm : mlp)(task, data, options));
