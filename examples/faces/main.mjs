// Whose face is it? 40 persons (Olivetti), eight pictures of each to learn from, two to test.
//
//     node examples/faces/main.mjs --data DIR
//
// So few pictures go a long way when each is shown a little shifted, mirrored, lighter or darker every time. The
// settings were chosen with --validate: six pictures of each person train, two of the eight judge.

import {
  accuracy,
  adam,
  conv2d,
  cosineDecay,
  dense,
  dropout,
  flatten,
  loadCore,
  maxPool2d,
  randomBrightness,
  randomContrast,
  randomFlip,
  randomShift,
  rescale,
  sequential,
  softmaxCrossEntropy,
} from "edgegrad";
import { classSplit } from "edgegrad/data";
import { readImages, rowsOf } from "../shared/images.mjs";
import { exampleOptions, printSeeds } from "../shared/seeds.mjs";

const PERSONS = 40;
const BATCH = 32;

const options = exampleOptions({ data: "../shared/data/faces", epochs: 60, rate: 2e-3 });
const faces = halved(await readImages(options.data, "olivetti"));
const persons = options.rows === undefined ? PERSONS : Math.ceil(options.rows / 10);
/** The first `count` pictures of every person, and two behind them. */
const parts = (count) => {
  const labels = faces.y.subarray(0, 10 * persons);
  const { train, test } = classSplit(labels, { train: count, test: 2, random: false });
  return [rowsOf(faces, train), rowsOf(faces, test)];
};
const [train, judge] = parts(options.validate ? 6 : 8);

/** 64×64 to 32×32: the mean of each four pixels. */
function halved({ x, y, count, imageShape: [height, width] }) {
  const [h, w] = [height / 2, width / 2];
  const out = new Uint8Array(count * h * w);
  for (let i = 0; i < out.length; i++) {
    const [n, row, column] = [Math.floor(i / (h * w)), Math.floor(i / w) % h, i % w];
    const at = (n * height + 2 * row) * width + 2 * column;
    out[i] = Math.round((x[at] + x[at + 1] + x[at + width] + x[at + width + 1]) / 4);
  }
  return { x: out, y, count, imageShape: [h, w] };
}

const model = sequential(
  [32, 32, 1],
  [
    rescale(2 / 255, { offset: -1 }),
    randomFlip(),
    randomShift(2, { fill: -0.5 }),
    randomBrightness(0.15),
    randomContrast(0.2),
    conv2d(16, 5, { padding: "same", activation: "relu" }),
    maxPool2d(2),
    conv2d(32, 3, { padding: "same", activation: "relu" }),
    maxPool2d(2),
    conv2d(32, 3, { padding: "same", activation: "relu" }),
    maxPool2d(2),
    flatten(),
    dropout(0.3),
    dense(128, { activation: "relu" }),
    dropout(0.3),
    dense(PERSONS),
  ],
);

const core = await loadCore();
const steps = options.epochs * Math.ceil(train.y.length / BATCH);
await printSeeds(options.seeds, "accuracy", async (seed) => {
  const trainer = core.trainer(model, {
    loss: softmaxCrossEntropy(),
    optimizer: adam({ learningRate: cosineDecay(options.rate, { steps }) }),
    metrics: [accuracy()],
    batchSize: BATCH,
    seed,
  });
  await trainer.fit(train, { epochs: options.epochs });
  const result = trainer.evaluate(judge).accuracy;
  trainer.dispose();
  return result;
});
