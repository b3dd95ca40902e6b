// Denoising: an autoencoder learns to take noise off digits (MNIST). The noise is made in the core, new in every step.
//
//     npm run example -- pictures/denoising [--data DIR]
//
// The input of the network is the clean picture; a noise layer, active in training only, spoils it on the way in.
// To judge, fixed noise is added to test pictures outside: by how much does the error sink?

import { adam, conv2d, conv2dTranspose, gaussianNoise, loadCore, mse, rescale, sequential } from "edgegrad";
import { range, readImages, rowsOf } from "./images.mjs";
import { exampleOptions, printSeeds } from "./seeds.mjs";

/** Standard deviation, where white is 1. */
const NOISE = 0.4;
const TESTED = 1000;

const options = exampleOptions({
  data: "../shared/data/mnist",
  epochs: 1,
  rows: 20_000,
  rate: 2e-3,
});
const all = await readImages(options.data, "train");
const { x } = rowsOf(all, range(0, options.rows));
const y = Float32Array.from(x, (byte) => byte / 255);
const test = rowsOf(await readImages(options.data, "t10k"), range(0, TESTED)).x;

/** Normal numbers by a fixed rule (sum of twelve uniform ones): the same spoiled pictures for every seed. */
function* noise() {
  let state = 1;
  for (;;) {
    let sum = -6;
    for (let i = 0; i < 12; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      sum += state / 2 ** 32;
    }
    yield NOISE * sum;
  }
}

const model = sequential(
  [28, 28, 1],
  [
    rescale(1 / 255),
    gaussianNoise(NOISE),
    conv2d(16, 3, { strides: 2, padding: "same", activation: "relu" }),
    conv2d(32, 3, { strides: 2, padding: "same", activation: "relu" }),
    conv2dTranspose(16, 2, { strides: 2, activation: "relu" }),
    conv2dTranspose(1, 2, { strides: 2, activation: "sigmoid" }),
  ],
);

const clean = Float32Array.from(test, (byte) => byte / 255);
const numbers = noise();
const spoiled = clean.map((value) => value + numbers.next().value);
const errorOf = (pictures) =>
  pictures.reduce((sum, value, i) => sum + (value - clean[i]) ** 2, 0) / clean.length;

const core = await loadCore();
console.log(`mean squared error of ${TESTED} spoiled test pictures: ${errorOf(spoiled).toFixed(4)}`);
await printSeeds(options.seeds, "error of denoised pictures", async (seed) => {
  const trainer = core.trainer(model, {
    loss: mse(),
    optimizer: adam({ learningRate: options.rate }),
    batchSize: 64,
    seed,
  });
  await trainer.fit({ x, y }, { epochs: options.epochs });
  // The network takes bytes' values; these need not be whole numbers.
  const error = errorOf(trainer.predict(spoiled.map((value) => 255 * value)));
  trainer.dispose();
  return error;
});
