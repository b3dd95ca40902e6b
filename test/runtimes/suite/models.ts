// Thirteen small models with their data and training options, for the cases about equal bits.
//
// Place: the shared suite. Invariant: data comes from integer arithmetic and exact divisions, so that every
// host trains on the same bits; a change here changes the recorded fingerprints.

import type { Arrays, DataSet } from "edgegrad";
import {
  accuracy,
  adam,
  adamw,
  add,
  batchNorm,
  binaryCrossEntropy,
  dense,
  dropout,
  embedding,
  flatten,
  functional,
  gelu,
  huber,
  mae,
  mse,
  rescale,
  sequential,
  sgd,
  simpleRnn,
  softmaxCrossEntropy,
} from "edgegrad";

import { common, integers, rows, type SmallModel, values } from "./draws.ts";
import { imageModels } from "./image-models.ts";

export { rows, type SmallModel, values } from "./draws.ts";

/** Whether the sum of each row is positive: something a model can learn. */
function signs(x: Float32Array, width: number): Uint8Array {
  return Uint8Array.from({ length: x.length / width }, (_, row) => {
    let sum = 0;
    for (let column = 0; column < width; column++) sum += x[row * width + column]!;
    return sum > 0 ? 1 : 0;
  });
}

const x8 = values(rows * 8, 1);
const classes: DataSet = { x: x8, y: signs(x8, 8) };
const targets: DataSet = { x: x8, y: Float32Array.from(signs(x8, 8), (sign) => sign - 0.5) };
const bytes = Uint8Array.from(integers(rows * 16, 256, 2));
const tokens = integers(rows * 6, 20, 3);
const sequences = values(rows * 5 * 3, 4);
const lengths = integers(rows, 5, 5).map((n) => n + 1);
const twoInputs: Arrays = { a: values(rows * 4, 6), b: values(rows * 4, 8) };
const labels = integers(rows, 3, 9);

export const smallModels: readonly SmallModel[] = [
  {
    name: "linear regression, SGD",
    model: sequential([8], [dense(1)]),
    options: { ...common, loss: mse(), optimizer: sgd({ learningRate: 0.05 }) },
    data: targets,
  },
  {
    name: "relu classifier, Adam",
    model: sequential([8], [dense(16, { activation: "relu" }), dense(2)]),
    options: { ...common, loss: softmaxCrossEntropy(), optimizer: adam(), metrics: [accuracy()] },
    data: classes,
  },
  {
    name: "tanh, Nesterov momentum, weight decay",
    model: sequential([8], [dense(12, { activation: "tanh" }), dense(1)]),
    options: {
      ...common,
      loss: huber(),
      optimizer: sgd({ learningRate: 0.02, momentum: 0.9, nesterov: true, weightDecay: 1e-3 }),
    },
    data: targets,
  },
  {
    name: "gelu and dropout, AdamW",
    model: sequential([8], [dense(24), gelu(), dropout(0.25), dense(2)]),
    options: { ...common, loss: softmaxCrossEntropy(), optimizer: adamw({ learningRate: 3e-3 }) },
    data: classes,
  },
  {
    name: "batch normalization",
    model: sequential([8], [dense(10), batchNorm(), dense(2, { activation: "silu" }), dense(2)]),
    options: { ...common, loss: softmaxCrossEntropy(), optimizer: adam({ learningRate: 1e-2 }) },
    data: classes,
  },
  {
    name: "sigmoid output, binary cross-entropy",
    model: sequential([8], [dense(9, { activation: "softplus" }), dense(1)]),
    options: { ...common, loss: binaryCrossEntropy(), optimizer: adam() },
    data: { x: x8, y: Float32Array.from(signs(x8, 8)) },
  },
  {
    name: "bytes, rescaled",
    model: sequential([4, 4], [rescale(1 / 255), flatten(), dense(11, { activation: "elu" }), dense(3)]),
    options: { ...common, loss: softmaxCrossEntropy(), optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }) },
    data: { x: bytes, y: labels },
  },
  {
    name: "embedding",
    model: sequential({ shape: [6], dtype: "i32" }, [embedding(20, 8), flatten(), dense(3)]),
    options: { ...common, loss: softmaxCrossEntropy(), optimizer: adam({ learningRate: 1e-2 }) },
    data: { x: tokens, y: labels },
  },
  {
    name: "recurrent, with lengths",
    model: sequential([null, 3], [simpleRnn(7), dense(3)]),
    options: {
      ...common,
      timeSteps: 5,
      loss: softmaxCrossEntropy(),
      optimizer: adam({ learningRate: 5e-3 }),
    },
    data: { x: sequences, y: labels, lengths },
  },
  {
    name: "two inputs, a shared layer, a residual",
    model: functional({ a: [4], b: [4] }, ({ a, b }) => {
      const shared = dense(4, { activation: "sigmoid" });
      return dense(1)(add()(shared(a), shared(b), a));
    }),
    options: { ...common, loss: mae(), optimizer: adam() },
    data: { x: twoInputs, y: values(rows, 10) },
  },
  ...imageModels,
];
