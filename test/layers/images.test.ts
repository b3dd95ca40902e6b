// Image layers as users meet them: sizes, refusals that name the layer, PyTorch's axis orders, prediction from a file.
//
// Place: beside src/layers; numbers are checked by the golden cases and on random graphs.

import { describe, expect, test } from "vitest";
import { summarizeLayers } from "../../src/cli/inspect.ts";
import { ConfigError, type EdgegradError, ShapeError } from "../../src/errors.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { Layer } from "../../src/graph/semantic.ts";
import { conv1d, conv2d, depthwiseConv2d, separableConv2d } from "../../src/layers/convolution.ts";
import { dense, dropout, flatten } from "../../src/layers/core-layers.ts";
import { groupNorm, instanceNorm, layerNorm } from "../../src/layers/feature-norms.ts";
import { batchNorm } from "../../src/layers/normalization.ts";
import {
  adaptiveAvgPool2d,
  adaptiveMaxPool2d,
  avgPool2d,
  globalMaxPool2d,
  maxPool1d,
  maxPool2d,
} from "../../src/layers/pooling.ts";
import { resizing, spatialDropout2d, upsampling2d, zeroPadding2d } from "../../src/layers/resampling.ts";
import { conv1dTranspose, conv2dTranspose } from "../../src/layers/transposed-convolution.ts";
import { mse } from "../../src/losses/losses.ts";
import { lowerModel, sequential } from "../../src/model.ts";
import { sgd } from "../../src/optimizers/optimizers.ts";
import { Core } from "../../src/session.ts";
import { coreModule } from "../run-graph.ts";

/** Shape of a layer's result without the batch. */
function shapeOf(input: readonly number[], layer: Layer): unknown[] {
  const lowered = lowerModel(new GraphBuilder(), sequential(input, [layer]), "train");
  return lowered.outputs.get("output")!.shape.slice(1);
}

describe("sizes", () => {
  test.each<[string, readonly number[], Layer, readonly number[]]>([
    ["valid", [7, 8, 2], conv2d(3, [3, 2]), [5, 7, 3]],
    ["same, stride 2", [7, 8, 2], conv2d(3, 3, { strides: 2, padding: "same" }), [4, 4, 3]],
    ["same, dilation 3", [7, 8, 2], conv2d(3, 3, { dilation: 3, padding: "same" }), [7, 8, 3]],
    [
      "explicit sides",
      [7, 8, 2],
      conv2d(3, 3, {
        padding: [
          [1, 0],
          [2, 1],
        ],
      }),
      [6, 9, 3],
    ],
    ["groups", [7, 8, 4], conv2d(6, 3, { groups: 2 }), [5, 6, 6]],
    ["depthwise", [7, 8, 4], depthwiseConv2d(3, { depthMultiplier: 2 }), [5, 6, 8]],
    ["separable", [7, 8, 4], separableConv2d(5, 3, { padding: 1 }), [7, 8, 5]],
    ["causal", [9, 2], conv1d(3, 4, { padding: "causal" }), [9, 3]],
    ["transposed, valid", [4, 5, 2], conv2dTranspose(3, 3, { strides: 2 }), [9, 11, 3]],
    ["transposed, same", [4, 5, 2], conv2dTranspose(3, 3, { strides: 2, padding: "same" }), [8, 10, 3]],
    [
      "transposed, PyTorch's",
      [4, 5, 2],
      conv2dTranspose(3, 3, { strides: 2, padding: 1, outputPadding: 1 }),
      [8, 10, 3],
    ],
    ["transposed sequence", [4, 2], conv1dTranspose(3, 4, { strides: 2, padding: 1 }), [8, 3]],
    ["pool", [7, 9, 2], maxPool2d(2), [3, 4, 2]],
    ["pool, ceil", [7, 9, 2], maxPool2d(2, { ceilMode: true }), [4, 5, 2]],
    ["pool, same", [7, 9, 2], avgPool2d(3, { strides: 2, padding: "same" }), [4, 5, 2]],
    ["pool of a sequence", [9, 2], maxPool1d(3, { strides: 2 }), [4, 2]],
    ["adaptive", [7, 9, 2], adaptiveAvgPool2d([2, 3]), [2, 3, 2]],
    ["adaptive, dividing", [8, 9, 2], adaptiveMaxPool2d([4, 3]), [4, 3, 2]],
    ["global", [7, 9, 2], globalMaxPool2d(), [2]],
    [
      "padding",
      [7, 9, 2],
      zeroPadding2d([
        [1, 2],
        [0, 3],
      ]),
      [10, 12, 2],
    ],
    ["upsampling", [3, 4, 2], upsampling2d([2, 3]), [6, 12, 2]],
    ["resizing", [3, 4, 2], resizing([5, 2], { interpolation: "bilinear" }), [5, 2, 2]],
    ["groups of channels", [3, 4, 6], groupNorm(3), [3, 4, 6]],
    ["pixels of a channel", [3, 4, 6], instanceNorm(), [3, 4, 6]],
  ])("%s", (_, input, layer, expected) => {
    expect(shapeOf(input, layer)).toEqual(expected);
  });
});

describe("refusals", () => {
  test.each<[string, readonly number[], Layer, typeof EdgegradError, RegExp]>([
    [
      "kernel larger than the image",
      [4, 4, 1],
      conv2d(2, 5),
      ShapeError,
      /^conv2d \(layers\.0\): .*4×4.*5×5/,
    ],
    ["dilated kernel too large", [4, 4, 1], conv2d(2, 3, { dilation: 2 }), ShapeError, /layers\.0.*5×5/],
    [
      "groups that divide nothing",
      [4, 4, 3],
      conv2d(4, 1, { groups: 2 }),
      ConfigError,
      /layers\.0.*"groups".*3 input/,
    ],
    ["groups and filters", [4, 4, 4], conv2d(3, 1, { groups: 2 }), ConfigError, /"groups".*3 filters.*got 2/],
    [
      "a row is no image",
      [16],
      conv2d(2, 3),
      ShapeError,
      /conv2d \(layers\.0\): expected input \[N, H, W, C\], got \[N, 16\]/,
    ],
    ["an image is no sequence", [4, 4, 1], conv1d(2, 3), ShapeError, /layers\.0.*\[N, length, channels\]/],
    [
      "unknown padding",
      [4, 4, 1],
      conv2d(2, 3, { padding: "full" as never }),
      ConfigError,
      /"padding".*"same"/,
    ],
    ["stride 0", [4, 4, 1], conv2d(2, 3, { strides: 0 }), ConfigError, /"strides".*positive/],
    ["no filters", [4, 4, 1], conv2d(0, 3), ConfigError, /"filters".*positive/],
    ["unknown algorithm", [4, 4, 1], conv2d(1, 3, { algorithm: "fft" as never }), ConfigError, /"algorithm"/],
    ["window larger than the image", [4, 4, 1], maxPool2d(5), ShapeError, /maxPool2d \(layers\.0\): .*4×4/],
    ["a window in the padding", [4, 4, 1], maxPool2d(2, { padding: 2 }), ConfigError, /"padding".*window/],
    [
      "padding that eats the result",
      [1, 1, 1],
      conv2dTranspose(1, 2, { padding: 1 }),
      ConfigError,
      /"padding"/,
    ],
    ["groups of channels", [4, 4, 6], groupNorm(4), ConfigError, /"groups".*6 channels/],
    ["no axis left for the batch", [4], layerNorm({ axes: 2 }), ShapeError, /layerNorm \(layers\.0\)/],
    [
      "unknown interpolation",
      [4, 4, 1],
      upsampling2d(2, { interpolation: "cubic" as never }),
      ConfigError,
      /bilinear/,
    ],
  ])("%s", (_, input, layer, kind, message) => {
    let caught: unknown;
    try {
      sequential(input, [layer]);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(kind);
    expect((caught as Error).message).toMatch(message);
  });
});

const core = new Core(coreModule("simd"), {});
const ramp = (n: number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => Math.fround(Math.sin(i)));

test("weights of files are PyTorch's: OIHW, and features of a flattened image as C·H·W", () => {
  const layers = [
    conv2d(3, [2, 1], { name: "conv", useBias: false }),
    flatten(),
    dropout(0.1),
    batchNorm({ name: "norm" }),
    dense(2, { name: "dense", useBias: false }),
  ];
  const trainer = core.trainer(sequential([3, 2, 1], layers), {
    loss: mse(),
    optimizer: sgd(),
    batchSize: 2,
  });
  const before = trainer.getWeights();
  expect(before["conv.weight"]!.shape).toEqual([3, 1, 2, 1]);
  expect(before["dense.weight"]!.shape).toEqual([2, 12]);
  expect(before["norm.weight"]!.shape).toEqual([12]);
  // Filter f picks f + 1 times the upper pixel, so feature (f, y, x) of the flattened image is (f + 1)·x[y, x].
  const dense0 = Float32Array.from({ length: 24 }, (_, i) =>
    i === 4 * 1 + 2 ? 1 : i === 12 + 4 * 2 + 1 ? 1 : 0,
  );
  const one = new Float32Array(12).fill(1);
  trainer.setWeights({
    ...before,
    "conv.weight": { shape: [3, 1, 2, 1], data: Float32Array.from([1, 0, 2, 0, 3, 0]) },
    "dense.weight": { shape: [2, 12], data: dense0 },
    // 10 for channel 1, row 1, column 0 alone
    "norm.bias": { shape: [12], data: Float32Array.from({ length: 12 }, (_, i) => (i === 6 ? 10 : 0)) },
    "norm.running_var": { shape: [12], data: Float32Array.from(one, () => 1 - 1e-5) },
  });
  const x = Float32Array.from([5, 7, 11, 13, 17, 19]);
  // Output 0: channel 1, row 1, column 0. Output 1: channel 2, row 0, column 1.
  const [first, second] = trainer.predict(x) as Float32Array;
  expect(first).toBeCloseTo(2 * 11 + 10, 4);
  expect(second).toBeCloseTo(3 * 7, 4);
  expect(trainer.getWeights()["dense.weight"]!.data).toEqual(dense0);
});

test("a saved network predicts the same from its file", () => {
  const model = sequential(
    [6, 6, 2],
    [
      conv2d(4, 3, { padding: "same", activation: "relu" }),
      maxPool2d(2),
      spatialDropout2d(0.3),
      conv2dTranspose(3, 2, { strides: 2 }),
      globalMaxPool2d(),
    ],
  );
  const trainer = core.trainer(model, { loss: mse(), optimizer: sgd({ learningRate: 0.01 }), batchSize: 4 });
  const x = ramp(4 * 72);
  trainer.step(x, ramp(12));
  const file = trainer.saveModel();
  expect(core.predictor(file).predict(x)).toEqual(trainer.predict(x));
});

test("spatial dropout drops whole channels", () => {
  const layers = [conv2d(16, 1, { useBias: false }), spatialDropout2d(0.5), globalMaxPool2d()];
  const trainer = core.trainer(sequential([5, 5, 4], layers), {
    loss: mse(),
    optimizer: sgd(),
    batchSize: 1,
  });
  const { "0.weight": gradient } = trainer.gradients(ramp(100), ramp(16));
  // With one sample, a filter whose channel was dropped has no gradient at all, any other has all of it.
  const filters = Array.from({ length: 16 }, (_, f) => [...gradient!.data.subarray(4 * f, 4 * f + 4)]);
  const dropped = filters.filter((row) => row.every((v) => v === 0)).length;
  expect(dropped).toBeGreaterThan(2);
  expect(dropped).toBeLessThan(14);
  expect(filters.filter((row) => row.every((v) => v !== 0)).length).toBe(16 - dropped);
  expect((trainer.predict(ramp(100)) as Float32Array).every((v) => v !== 0)).toBe(true);
});

test("inspect says which algorithm each convolution's shape selects", () => {
  const model = sequential(
    [8, 8, 16],
    [
      conv2d(16, 3, { padding: "same" }),
      conv2d(16, 3, { padding: "same", algorithm: "direct" }),
      conv2d(16, 3, { strides: 2 }),
      flatten(),
    ],
  );
  const layers = summarizeLayers(model, { batchSize: 1, timeSteps: 1 });
  expect(layers.map(({ algorithm }) => algorithm)).toEqual(["winograd", "direct", "direct", undefined]);
  expect(layers[0]!.flops).toBeGreaterThan(2 * 64 * 9 * 16 * 16 - 1);
});
