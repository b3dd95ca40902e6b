// Clothes (Fashion-MNIST): the first 20,000 training pictures, 10,000 to test; ten kinds, from sandals to coats.
//
//     npm run example -- pictures/clothes [--data DIR]
//
// The settings were chosen with --choose: the last 2,000 of the 20,000 judge, the test pictures are not read.

import {
  accuracy,
  adam,
  conv2d,
  dense,
  dropout,
  flatten,
  loadCore,
  maxPool2d,
  oneCycle,
  randomFlip,
  rescale,
  sequential,
  softmaxCrossEntropy,
} from "edgegrad";
import { range, readImages, rowsOf } from "./images.mjs";
import { exampleOptions, printSeeds } from "./seeds.mjs";

const HELD_OUT = 2000;
const BATCH = 64;

const options = exampleOptions({ data: "../shared/data/fashion-mnist", epochs: 8, rate: 3e-3 });
const all = await readImages(options.data, "train-first20k");
const count = options.rows ?? all.count;
const train = rowsOf(all, range(0, options.choose ? count - HELD_OUT : count));
const judge = options.choose
  ? rowsOf(all, range(all.count - HELD_OUT, all.count))
  : await readImages(options.data, "t10k");

// Clothes hang as well to the left as to the right.
const model = sequential(
  [28, 28, 1],
  [
    rescale(1 / 255),
    randomFlip(),
    conv2d(16, 3, { padding: "same", activation: "relu" }),
    maxPool2d(2),
    conv2d(32, 3, { padding: "same", activation: "relu" }),
    maxPool2d(2),
    flatten(),
    dense(128, { activation: "relu" }),
    dropout(0.3),
    dense(10),
  ],
);

const core = await loadCore();
const steps = options.epochs * Math.ceil(train.y.length / BATCH);
await printSeeds(options.seeds, "accuracy", async (seed) => {
  const trainer = core.trainer(model, {
    loss: softmaxCrossEntropy(),
    optimizer: adam({ learningRate: oneCycle(options.rate, { steps }) }),
    metrics: [accuracy()],
    batchSize: BATCH,
    seed,
  });
  await trainer.fit(train, { epochs: options.epochs });
  const result = trainer.evaluate(judge).accuracy;
  trainer.dispose();
  return result;
});
