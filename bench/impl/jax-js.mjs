// jax-js on its WebAssembly device: the whole step is one jitted function.
//
// Place: a worker of the benchmark. Invariant: batches are arrays before the clock starts; the loss is read at every
// step, which waits for the step.

import { readFileSync } from "node:fs";
import { defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import { batches, channelsFirst, filtersFirst, oneHot, rowsChannelsFirst, serve } from "./worker.mjs";

const manifest = new URL("../node_modules/@jax-js/jax/package.json", import.meta.url);
const { version } = JSON.parse(readFileSync(manifest, "utf8"));

async function start() {
  await init("wasm");
  defaultDevice("wasm");
}

// Every use of an array but the last takes a reference: jax-js owns what it is given. Images have their channels first.
function forward(params, x, task) {
  let h = x;
  let at = 0;
  for (const { op, size, pad, image, activation } of task.layers) {
    if (op === "pool") {
      h = lax.reduceWindow(h, np.max, [size, size], [size, size]);
      continue;
    }
    const [w, b] = params[at++];
    if (image) h = h.reshape([task.batch, -1]);
    if (op === "conv") {
      const padding = [
        [pad, pad],
        [pad, pad],
      ];
      h = lax.convGeneralDilated(h, w, [1, 1], padding).add(b.reshape([1, -1, 1, 1]));
    } else h = np.matmul(h, w).add(b);
    if (activation) h = activation === "tanh" ? np.tanh(h) : nn[activation](h);
  }
  return h;
}

/** Weights of the task as jax-js has them: values and shape, of filters and of rows of an image channels first. */
function startsOf({ layers }, { weights }) {
  return layers.flatMap(({ op, weight, image }, i) => {
    if (op === "pool") return [];
    if (op === "dense") return [{ values: rowsChannelsFirst(weights[i], weight, image), shape: weight }];
    const [height, width, channels, filters] = weight;
    return [{ values: filtersFirst(weights[i], weight), shape: [filters, channels, height, width], filters }];
  });
}

function lossOf(task) {
  return (params, x, y) => {
    const out = forward(params, x, task);
    if (task.loss === "mse") return np.mean(np.square(out.sub(y)));
    return np.mean(np.sum(nn.logSoftmax(out, -1).mul(y), -1)).mul(-1);
  };
}

function sgdStep(task) {
  const gradients = valueAndGrad(lossOf(task));
  return jit((params, x, y) => {
    const [loss, grads] = gradients(tree.ref(params), x, y);
    return { loss, params: tree.map((p, g) => p.sub(g.mul(task.learningRate)), params, grads) };
  });
}

// Adam, PyTorch's form; `c` holds the two bias corrections 1 / (1 − βᵗ).
function adamStep(task) {
  const gradients = valueAndGrad(lossOf(task));
  return jit((params, m, v, x, y, c1, c2) => {
    const [loss, grads] = gradients(tree.ref(params), x, y);
    const newM = tree.map((old, g) => old.mul(0.9).add(g.mul(0.1)), m, tree.ref(grads));
    const newV = tree.map((old, g) => old.mul(0.999).add(np.square(g).mul(0.001)), v, grads);
    const newParams = tree.map(
      (p, a, b) =>
        p.sub(
          a
            .mul(c1.ref)
            .mul(task.learningRate)
            .div(np.sqrt(b.mul(c2.ref)).add(1e-8)),
        ),
      params,
      tree.ref(newM),
      tree.ref(newV),
    );
    c1.dispose();
    c2.dispose();
    return { loss, params: newParams, m: newM, v: newV };
  });
}

async function network(task, data) {
  await start();
  const { inputs, outputs: classes, input, batch } = task;
  const targets = data.y ?? oneHot(data.labels, classes);
  const isImage = input.length === 3;
  const x = isImage ? channelsFirst(data.x, input) : data.x;
  const rowShape = isImage ? [input[2], input[0], input[1]] : input;
  const parts = batches(task).map(([from, to]) => [
    np.array(x.slice(from * inputs, to * inputs)).reshape([batch, ...rowShape]),
    np.array(targets.slice(from * classes, to * classes)).reshape([batch, classes]),
  ]);
  const starts = startsOf(task, data);
  const biasOf = ({ filters, shape }) => np.zeros([filters ?? shape[1]]);
  const fresh = () => starts.map((w) => [np.array(w.values).reshape(w.shape), biasOf(w)]);
  const zeros = () => starts.map((w) => [np.zeros(w.shape), biasOf(w)]);
  let at = 0;
  const next = () => {
    const [x, y] = parts[at];
    at = at + 1 === parts.length ? 0 : at + 1;
    return [x.ref, y];
  };
  if (task.kind === "predict") {
    const params = fresh();
    const apply = jit((p, x) => forward(p, x, task));
    return { version, init: () => {}, step: () => apply(tree.ref(params), next()[0]).dataSync()[0] };
  }
  const adam = task.optimizer === "adam";
  const step = adam ? adamStep(task) : sgdStep(task);
  let state;
  let count;
  return {
    version,
    init() {
      if (state) tree.dispose(state);
      state = adam ? { params: fresh(), m: zeros(), v: zeros() } : { params: fresh() };
      count = 0;
    },
    step() {
      const [x, y] = next();
      count++;
      const { loss, ...rest } = adam
        ? step(state.params, state.m, state.v, x, y.ref, 1 / (1 - 0.9 ** count), 1 / (1 - 0.999 ** count))
        : step(state.params, x, y.ref);
      state = rest;
      return loss.dataSync()[0];
    },
  };
}

async function gemm({ m, k, n, transA, transB }, data) {
  await start();
  const a = np.array(data.a).reshape(transA ? [k, m] : [m, k]);
  const b = np.array(data.b).reshape(transB ? [n, k] : [k, n]);
  const product = jit((p, q) => np.matmul(transA ? p.transpose() : p, transB ? q.transpose() : q));
  let first = true;
  // The product is lazy until someone waits for it.
  const step = async () => {
    const out = product(a.ref, b.ref);
    if (!first) {
      await out.blockUntilReady();
      out.dispose();
      return 0;
    }
    first = false;
    return out.dataSync()[0];
  };
  return { version, isAsync: true, init: () => {}, step };
}

await serve((task, data) => (task.kind === "gemm" ? gemm : network)(task, data));
