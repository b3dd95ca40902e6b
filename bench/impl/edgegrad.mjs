// edgegrad: the built package, as a user calls it; the raw product kernel of its test build for W1.
//
// Place: a worker of the benchmark. Invariant: a step's batch is copied into the core within the measured time;
// staged runs are those of `trainer.run`.

import { readFileSync } from "node:fs";
import { batches, filtersFirst, rowsChannelsFirst, serve } from "./worker.mjs";

const build = new URL("../../build/", import.meta.url);
const version = JSON.parse(readFileSync(new URL("../package.json", build), "utf8")).version;

/** Files of models have a dense weight as [out, in], and a convolution's as [out, in, height, width]. */
function asInFiles(values, { op, weight, image }) {
  if (op === "conv") return filtersFirst(values, weight);
  const [from, to] = weight;
  const rows = rowsChannelsFirst(values, weight, image);
  const out = new Float32Array(rows.length);
  for (let i = 0; i < from; i++) for (let j = 0; j < to; j++) out[j * from + i] = rows[i * to + j];
  return out;
}

async function network(task, data, { fast, staged }) {
  const edgegrad = await import(new URL("default.js", build));
  const { loadCore, sequential, dense, conv2d, maxPool2d, flatten } = edgegrad;
  const weighted = task.layers.flatMap((layer, i) => (layer.op === "pool" ? [] : [[layer, data.weights[i]]]));
  const layers = task.layers.flatMap(({ op, weight, activation, pad, size, image }) => {
    if (op === "pool") return [maxPool2d(size)];
    const options = activation ? { activation } : {};
    if (op === "conv") return [conv2d(weight[3], weight[0], { padding: pad, ...options })];
    return [...(image ? [flatten()] : []), dense(weight[1], options)];
  });
  const core = await loadCore({ fast });
  const open = () => {
    const trainer = core.trainer(sequential(task.input, layers), {
      loss: edgegrad[task.loss](),
      optimizer: edgegrad[task.optimizer]({ learningRate: task.learningRate }),
      batchSize: task.batch,
      // Slices of a millisecond or so: a median over many short samples is not moved by other processes.
      ...(staged && { sliceFlops: 2e7 }),
    });
    const weights = {};
    let layer = -1;
    for (const [name, { shape, data: zeros }] of Object.entries(trainer.getWeights())) {
      const isBias = shape.length === 1;
      if (!isBias) layer++;
      const [spec, values] = weighted[layer];
      weights[name] = { shape, data: isBias ? zeros.fill(0) : asInFiles(values, spec) };
    }
    trainer.setWeights(weights);
    return trainer;
  };
  return { core, open };
}

async function train(task, data, options) {
  const { open } = await network(task, data, options);
  const { x, y = data.labels } = data;
  const columns = task.inputs;
  let trainer;
  const init = () => {
    trainer?.dispose();
    trainer = open();
  };
  if (!options.staged) {
    const parts = batches(task).map(([from, to]) => [
      x.subarray(from * columns, to * columns),
      y.subarray(from, to),
    ]);
    let at = 0;
    const step = () => {
      const [xs, ys] = parts[at];
      at = at + 1 === parts.length ? 0 : at + 1;
      return trainer.step(xs, ys).loss;
    };
    return { version, init, step };
  }
  // An epoch of a tiny data set is one step: the rows stand there many times, as often as fits a large stage.
  const copies = Math.max(1, Math.floor(32768 / task.rows / columns));
  const repeated = (values) => {
    const all = new values.constructor(values.length * copies);
    for (let i = 0; i < copies; i++) all.set(values, i * values.length);
    return all;
  };
  const staged = copies > 1 ? { x: repeated(x), y: repeated(y) } : { x, y };
  let progress;
  const run = async (steps) => {
    const from = trainer.steps;
    let loss = 0;
    while (trainer.steps - from < steps) {
      const { value } = await progress.next();
      if (value.error) throw value.error;
      loss = value.loss;
    }
    return { steps: trainer.steps - from, loss };
  };
  return {
    version,
    run,
    loss: () => trainer.evaluate({ x, y }).loss,
    init() {
      void progress?.return();
      init();
      progress = trainer.run(staged, { epochs: 1e9, shuffle: copies === 1 });
    },
  };
}

async function predict(task, data, options) {
  const { core, open } = await network(task, data, options);
  const trainer = open();
  const predictor = core.predictor(trainer.saveModel(), { batchSize: task.batch });
  trainer.dispose();
  const rows = batches(task).map(([from, to]) => data.x.subarray(from * task.inputs, to * task.inputs));
  const out = new Float32Array(task.batch * task.outputs);
  let at = 0;
  const step = () => {
    predictor.predict(rows[at], { out });
    at = at + 1 === rows.length ? 0 : at + 1;
    return out[0];
  };
  return { version, init: () => {}, step };
}

async function gemm({ m, k, n, transA, transB }, data, { fast }) {
  const bytes = readFileSync(new URL(`testing.${fast ? "relaxed" : "simd"}.wasm`, build));
  const memory = new WebAssembly.Memory({ initial: 1024 });
  const abort = () => {
    throw new Error("assertion failed in the core");
  };
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory, abort } });
  const { gemm: kernel, __heap_base: base } = instance.exports;
  const scratch = Math.ceil((base?.value ?? 65536) / 64) * 64;
  // The kernels ask for less than 4 MB of scratch; lines between the matrices keep them out of one set of the cache.
  const a = scratch + 2 ** 22;
  const b = a + 4 * m * k + 64 * 5;
  const c = b + 4 * k * n + 64 * 9;
  new Float32Array(memory.buffer, a, m * k).set(data.a);
  new Float32Array(memory.buffer, b, k * n).set(data.b);
  const out = new Float32Array(memory.buffer, c, m * n);
  const step = () => {
    kernel(c, a, b, m, n, k, transA ? m : k, transB ? k : n, n, Number(transA), Number(transB), 0, scratch);
    return out[0];
  };
  return { version, init: () => {}, step };
}

await serve((task, data, options) => ({ train, predict, gemm })[task.kind](task, data, options));
