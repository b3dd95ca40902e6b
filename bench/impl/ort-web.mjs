// ONNX Runtime Web on its wasm backend, one thread; it no longer trains, so the backward graph is written by hand.
//
// Place: a worker of the benchmark. Invariant: one session run a step; parameters and optimizer state go in and come
// out as tensors, which is the only way to change them.

import * as ort from "onnxruntime-web/wasm";
import { constant, model, node } from "./onnx.mjs";
import { batches, channelsFirst, filtersFirst, oneHot, rowsChannelsFirst, serve } from "./worker.mjs";

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";
const version = ort.env.versions.web;

const open = (description) =>
  ort.InferenceSession.create(new Uint8Array(model(description)), { executionProviders: ["wasm"] });
const tensor = (values, shape) => new ort.Tensor("float32", values, shape);
const scalar = (name, value) => constant(name, [], Float32Array.of(value));

const ACTIVATIONS = { relu: "Relu", tanh: "Tanh" };

/** Values are h0 = x, h1, …, and "out"; what a layer gives before its activation is z of its number. */
function forwardNodes(layers) {
  const nodes = [];
  layers.forEach(({ op, size, pad, image, activation }, i) => {
    const next = i + 1 === layers.length ? "out" : `h${i + 1}`;
    let from = i ? `h${i}` : "x";
    if (op === "pool") {
      nodes.push(node("MaxPool", [from], [next], { kernel_shape: [size, size], strides: [size, size] }));
      return;
    }
    if (image) {
      nodes.push(node("Flatten", [from], [`flat${i}`], { axis: 1 }));
      from = `flat${i}`;
    }
    const inputs = [from, `w${i}`, `b${i}`];
    const to = activation ? `z${i}` : next;
    if (op === "conv") nodes.push(node("Conv", inputs, [to], { pads: [pad, pad, pad, pad] }));
    else nodes.push(node("Gemm", inputs, [to]));
    if (activation) nodes.push(node(ACTIVATIONS[activation], [to], [next]));
  });
  return nodes;
}

/** Nodes and tensors of one update of `name` by its gradient; what a step hands to the next stands in `state`. */
function updateNodes(name, shape, adam) {
  if (!adam)
    return {
      nodes: [
        node("Mul", [`d${name}`, "rate"], [`u${name}`]),
        node("Sub", [name, `u${name}`], [`${name}_next`]),
      ],
      state: [[name, shape]],
    };
  const [g, m, v] = [`d${name}`, `m${name}`, `v${name}`];
  return {
    nodes: [
      node("Mul", [m, "beta1"], [`${m}_kept`]),
      node("Mul", [g, "rest1"], [`${m}_new`]),
      node("Add", [`${m}_kept`, `${m}_new`], [`${m}_next`]),
      node("Mul", [g, g], [`${v}_square`]),
      node("Mul", [v, "beta2"], [`${v}_kept`]),
      node("Mul", [`${v}_square`, "rest2"], [`${v}_new`]),
      node("Add", [`${v}_kept`, `${v}_new`], [`${v}_next`]),
      node("Mul", [`${v}_next`, "correction2"], [`${v}_hat`]),
      node("Sqrt", [`${v}_hat`], [`${v}_root`]),
      node("Add", [`${v}_root`, "epsilon"], [`${v}_bottom`]),
      node("Mul", [`${m}_next`, "correctedRate"], [`${m}_top`]),
      node("Div", [`${m}_top`, `${v}_bottom`], [`u${name}`]),
      node("Sub", [name, `u${name}`], [`${name}_next`]),
    ],
    state: [
      [name, shape],
      [m, shape],
      [v, shape],
    ],
  };
}

function trainGraph({ layers, inputs: columns, outputs: classes, batch, optimizer, learningRate }) {
  const adam = optimizer === "adam";
  const last = layers.length - 1;
  const nodes = [
    ...forwardNodes(layers),
    node("LogSoftmax", ["out"], ["logp"], { axis: 1 }),
    node("Mul", ["logp", "y"], ["picked"]),
    node("ReduceSum", ["picked"], ["sum"], { keepdims: 0 }),
    node("Mul", ["sum", "minusInverse"], ["loss"]),
    node("Exp", ["logp"], ["p"]),
    node("Sub", ["p", "y"], ["difference"]),
    node("Mul", ["difference", "inverse"], [`dz${last}`]),
  ];
  const state = [];
  for (let i = last; i >= 0; i--) {
    nodes.push(
      node("Gemm", [i ? `h${i}` : "x", `dz${i}`], [`dw${i}`], { transA: 1 }),
      node("ReduceSum", [`dz${i}`, "rows"], [`db${i}`], { keepdims: 0 }),
    );
    if (i > 0)
      nodes.push(
        node("Gemm", [`dz${i}`, `w${i}`], [`dh${i}`], { transB: 1 }),
        node("Sign", [`h${i}`], [`alive${i}`]),
        node("Mul", [`dh${i}`, `alive${i}`], [`dz${i - 1}`]),
      );
    for (const [name, shape] of [
      [`w${i}`, layers[i].weight],
      [`b${i}`, [layers[i].weight[1]]],
    ]) {
      const update = updateNodes(name, shape, adam);
      nodes.push(...update.nodes);
      state.push(...update.state);
    }
  }
  const constants = [
    scalar("inverse", 1 / batch),
    scalar("minusInverse", -1 / batch),
    constant("rows", [1], [0]),
  ];
  if (adam)
    constants.push(
      ...[scalar("beta1", 0.9), scalar("rest1", 0.1), scalar("beta2", 0.999), scalar("rest2", 0.001)],
      scalar("epsilon", 1e-8),
    );
  else constants.push(scalar("rate", learningRate));
  const inputs = [["x", [batch, columns]], ["y", [batch, classes]], ...state];
  if (adam) inputs.push(["correctedRate", []], ["correction2", []]);
  const outputs = [["loss", []], ...state.map(([name, shape]) => [`${name}_next`, shape])];
  return { description: { nodes, constants, inputs, outputs }, state };
}

async function train(task, data) {
  const { inputs: columns, outputs: classes, batch } = task;
  const { description, state } = trainGraph(task);
  const session = await open(description);
  const targets = oneHot(data.labels, classes);
  const parts = batches(task).map(([from, to]) => ({
    x: tensor(data.x.slice(from * columns, to * columns), [batch, columns]),
    y: tensor(targets.slice(from * classes, to * classes), [batch, classes]),
  }));
  let held;
  let count;
  let at = 0;
  return {
    version,
    isAsync: true,
    init() {
      count = 0;
      held = {};
      for (const [name, shape] of state) {
        const size = shape.reduce((a, b) => a * b, 1);
        const values = /^w/.test(name) ? data.weights[Number(name.slice(1))].slice() : new Float32Array(size);
        held[name] = tensor(values, shape);
      }
    },
    async step() {
      const feeds = { ...parts[at], ...held };
      at = at + 1 === parts.length ? 0 : at + 1;
      count++;
      if (task.optimizer === "adam") {
        feeds.correctedRate = tensor(Float32Array.of(task.learningRate / (1 - 0.9 ** count)), []);
        feeds.correction2 = tensor(Float32Array.of(1 / (1 - 0.999 ** count)), []);
      }
      const results = await session.run(feeds);
      for (const [name] of state) held[name] = results[`${name}_next`];
      return results.loss.data[0];
    },
  };
}

/** Images and filters have their channels first. */
async function predict(task, data) {
  const { layers, inputs: columns, input, outputs: classes, batch } = task;
  const constants = layers.flatMap(({ op, weight, image }, i) => {
    if (op === "pool") return [];
    const bias = constant(`b${i}`, [weight.at(-1)], new Float32Array(weight.at(-1)));
    if (op === "dense")
      return [constant(`w${i}`, weight, rowsChannelsFirst(data.weights[i], weight, image)), bias];
    const [height, width, channels, filters] = weight;
    const shape = [filters, channels, height, width];
    return [constant(`w${i}`, shape, filtersFirst(data.weights[i], weight)), bias];
  });
  const isImage = input.length === 3;
  const shape = [batch, ...(isImage ? [input[2], input[0], input[1]] : input)];
  const x = isImage ? channelsFirst(data.x, input) : data.x;
  const session = await open({
    nodes: forwardNodes(layers),
    constants,
    inputs: [["x", shape]],
    outputs: [["out", [batch, classes]]],
  });
  const rows = batches(task).map(([from, to]) => ({
    x: tensor(x.slice(from * columns, to * columns), shape),
  }));
  let at = 0;
  const step = async () => {
    const { out } = await session.run(rows[at]);
    at = at + 1 === rows.length ? 0 : at + 1;
    return out.data[0];
  };
  return { version, isAsync: true, init: () => {}, step };
}

// The second factor is a constant, as a layer's weight is; the first goes in and the product comes out.
async function gemm({ m, k, n, transA, transB }, data) {
  const shapeA = transA ? [k, m] : [m, k];
  const attributes = { transA: Number(transA), transB: Number(transB) };
  const session = await open({
    nodes: [node("Gemm", ["a", "b"], ["c"], attributes)],
    constants: [constant("b", transB ? [n, k] : [k, n], data.b)],
    inputs: [["a", shapeA]],
    outputs: [["c", [m, n]]],
  });
  const feeds = { a: tensor(data.a, shapeA) };
  return { version, isAsync: true, init: () => {}, step: async () => (await session.run(feeds)).c.data[0] };
}

await serve((task, data) => {
  if (task.loss === "mse") return { missing: "no backward graph written for W4" };
  if (task.kind === "train" && task.input.length === 3)
    return { missing: "no longer trains; no backward graph of convolutions written" };
  return { train, predict, gemm }[task.kind](task, data);
});
