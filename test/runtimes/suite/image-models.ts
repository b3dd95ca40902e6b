// Three small convolutional networks for the cases about equal bits: LeNet's form, residual and depthwise, an autoencoder.
//
// Place: the shared suite, part of models.ts. Invariant: data comes from integer arithmetic and exact divisions; a change
// here changes the recorded fingerprints.

import {
  accuracy,
  adam,
  add,
  batchNorm,
  conv2d,
  conv2dTranspose,
  dense,
  depthwiseConv2d,
  flatten,
  functional,
  globalAvgPool2d,
  groupNorm,
  maxPool2d,
  mse,
  relu,
  rescale,
  reshape,
  sequential,
  sgd,
  softmaxCrossEntropy,
  spatialDropout2d,
} from "edgegrad";

import { common, integers, rows, type SmallModel, values } from "./draws.ts";

const pictures = Uint8Array.from(integers(rows * 100, 256, 21));
const colours = values(rows * 7 * 7 * 3, 22);
const kinds = integers(rows, 3, 23);
const small = values(rows * 6 * 6, 24);

export const imageModels: readonly SmallModel[] = [
  {
    name: "LeNet's form on bytes",
    model: sequential(
      [10, 10, 1],
      [
        rescale(1 / 255),
        conv2d(6, 5, { padding: "same", activation: "relu" }),
        maxPool2d(2),
        conv2d(10, 3, { activation: "relu" }),
        flatten(),
        dense(3),
      ],
    ),
    options: { ...common, loss: softmaxCrossEntropy(), optimizer: adam(), metrics: [accuracy()] },
    data: { x: pictures, y: kinds },
  },
  {
    name: "residual and depthwise, batch normalization",
    model: functional({ x: [7, 7, 3] }, ({ x }) => {
      const stem = relu()(batchNorm()(conv2d(16, 3, { padding: "same", useBias: false })(x)));
      // 3×3 over enough channels: by Winograd's algorithm.
      const wide = conv2d(16, 3, { padding: "same", activation: "relu" })(stem);
      const inner = conv2d(16, 1)(depthwiseConv2d(3, { padding: 1, activation: "relu" })(wide));
      const joined = relu()(add()(stem, inner));
      const strided = conv2d(6, 3, { padding: "same", strides: 2, groups: 2 })(joined);
      return dense(3)(globalAvgPool2d()(spatialDropout2d(0.2)(strided)));
    }),
    options: {
      ...common,
      loss: softmaxCrossEntropy(),
      optimizer: sgd({ learningRate: 0.02, momentum: 0.9 }),
    },
    data: { x: colours, y: kinds },
  },
  {
    name: "convolutional autoencoder",
    model: sequential(
      [6, 6, 1],
      [
        conv2d(5, 3, { padding: "same", dilation: [1, 2] }),
        groupNorm(5),
        maxPool2d(2),
        conv2dTranspose(4, 2, { strides: 2, activation: "tanh" }),
        conv2d(1, 3, {
          padding: [
            [2, 0],
            [1, 1],
          ],
          algorithm: "direct",
        }),
        reshape([36]),
      ],
    ),
    options: { ...common, loss: mse(), optimizer: adam({ learningRate: 5e-3 }) },
    data: { x: small, y: small },
  },
];
