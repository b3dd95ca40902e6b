// The classic small cases: one linear neuron, AND, OR, XOR, a 2-2-1 network.
//
// Place: data for explain(); `edgegrad explain --example` and the page show them. Invariant: weights are written out, so
// that every number of the explanation can be followed by hand.

import { dense } from "../layers/core-layers.ts";
import type { Loss } from "../losses/loss.ts";
import { binaryCrossEntropy, mse } from "../losses/losses.ts";
import { type Model, sequential } from "../model.ts";
import { sgd } from "../optimizers/optimizers.ts";
import type { Core } from "../session.ts";
import { explain } from "./explain.ts";
import type { Explanation } from "./explanation.ts";

export interface Example {
  readonly title: string;
  readonly about: string;
  readonly model: Model;
  /** Rows of [out, in] and biases, as files have them. */
  readonly weights: Readonly<Record<string, readonly number[]>>;
  readonly loss: Loss;
  readonly learningRate: number;
  readonly x: readonly (readonly number[])[];
  readonly y: readonly number[];
  /** The row that is taken apart. */
  readonly row: number;
  /** Steps over all rows. */
  readonly steps: number;
}

export type ExampleName = "linear" | "and" | "or" | "xor" | "2-2-1";

const CORNERS = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
];

const gate = (title: string, y: readonly number[], row: number): Example => ({
  title,
  about:
    "One neuron with the logistic function draws one line through the plane; rows on one side of it are a 1. The loss is the " +
    "binary cross-entropy.",
  model: sequential([2], [dense(1, { activation: "sigmoid" })]),
  weights: { "0.weight": [0.5, -0.5], "0.bias": [0] },
  loss: binaryCrossEntropy({ fromLogits: false }),
  learningRate: 1,
  x: CORNERS,
  y,
  row,
  steps: 500,
});

/** Each case by name. Made when asked for: a model is described, nothing runs. */
const EXAMPLES: Readonly<Record<ExampleName, () => Example>> = {
  linear: () => ({
    title: "One linear neuron",
    about:
      "Inputs 1, 0, 1 and the target 1, rate 0.1. The gradient of a weight is ∂L/∂y times its input: the weight of the " +
      "input that is 0 does not move. Every step makes the error 0.6 times what it was.",
    model: sequential([3], [dense(1, { useBias: false })]),
    weights: { "0.weight": [0.2, 0.5, -0.1] },
    loss: mse(),
    learningRate: 0.1,
    x: [[1, 0, 1]],
    y: [1],
    row: 0,
    steps: 10,
  }),
  and: () => gate("AND with one neuron", [0, 0, 0, 1], 3),
  or: () => gate("OR with one neuron", [0, 1, 1, 1], 1),
  xor: () => ({
    title: "XOR with a hidden layer",
    about:
      "No line separates the rows of XOR: one neuron cannot learn it. Two hidden neurons draw two lines, and the output " +
      "neuron combines them.",
    model: sequential([2], [dense(2, { activation: "tanh" }), dense(1, { activation: "sigmoid" })]),
    weights: {
      "0.weight": [0.8, -0.6, -0.5, 0.9],
      "0.bias": [0.1, 0.2],
      "1.weight": [0.7, 0.6],
      "1.bias": [-0.1],
    },
    loss: binaryCrossEntropy({ fromLogits: false }),
    learningRate: 0.5,
    x: CORNERS,
    y: [0, 1, 1, 0],
    row: 1,
    steps: 1000,
  }),
  "2-2-1": () => ({
    title: "A 2-2-1 network",
    about:
      "Two inputs, two hidden neurons and one output, all with the logistic function, and a squared error: the example that " +
      "textbooks work out by hand.",
    model: sequential([2], [dense(2, { activation: "sigmoid" }), dense(1, { activation: "sigmoid" })]),
    weights: {
      "0.weight": [0.15, 0.2, 0.25, 0.3],
      "0.bias": [0.35, 0.35],
      "1.weight": [0.4, 0.45],
      "1.bias": [0.6],
    },
    loss: mse(),
    learningRate: 0.5,
    x: [[0.05, 0.1]],
    y: [0.01],
    row: 0,
    steps: 1000,
  }),
};

export const exampleNames: readonly ExampleName[] = ["linear", "and", "or", "xor", "2-2-1"];

/** A classic case by its name, to build upon. */
export const exampleOf = (name: ExampleName): Example => EXAMPLES[name]();

export interface ExampleRow {
  readonly x: readonly number[];
  readonly target: number;
  /** The output before and after training. */
  readonly before: number;
  readonly after: number;
}

/** A case carried through: its first step taken apart, and what training makes of it. */
export interface ExampleRun {
  readonly name: ExampleName;
  readonly title: string;
  readonly about: string;
  readonly explanation: Explanation;
  readonly rows: readonly ExampleRow[];
  /** Loss of each step over all rows. */
  readonly losses: readonly number[];
}

/** Explains the first step of a classic case and trains it. */
export function runExample(core: Core, name: ExampleName): ExampleRun {
  const { title, about, model, weights, loss, learningRate, x, y, row, steps } = exampleOf(name);
  const tensors = Object.fromEntries(
    Object.entries(weights).map(([key, values]) => {
      const shape = key.endsWith("bias")
        ? [values.length]
        : [values.length / inputsOf(key, weights, x), inputsOf(key, weights, x)];
      return [key, { shape, data: Float32Array.from(values) }];
    }),
  );
  const optimizer = sgd({ learningRate });
  const explanation = explain(
    model,
    { x: [...x[row]!], y: [y[row]!] },
    { core, loss, optimizer, weights: tensors },
  );
  const trainer = core.trainer(model, { loss, optimizer, weights: tensors, batchSize: x.length });
  try {
    const all = x.flat();
    const before = trainer.predict(all) as Float32Array;
    const losses = Array.from({ length: steps }, () => trainer.step(all, y).loss);
    const after = trainer.predict(all) as Float32Array;
    const rows = x.map((values, i) => ({ x: values, target: y[i]!, before: before[i]!, after: after[i]! }));
    return { name, title, about, explanation, rows, losses };
  } finally {
    trainer.dispose();
  }
}

/** Columns of a weight: the biases of the layer before, or the inputs. */
function inputsOf(key: string, weights: Example["weights"], x: Example["x"]): number {
  const layer = Number.parseInt(key, 10);
  return layer === 0 ? x[0]!.length : weights[`${layer - 1}.bias`]!.length;
}
