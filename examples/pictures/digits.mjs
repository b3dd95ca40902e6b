// Handwritten digits (MNIST) with LeNet: 60,000 pictures to train on, 10,000 to test.
//
//     npm run example -- pictures/digits [--data DIR]
//
// The settings were chosen with --choose: the last 5,000 training pictures judge, the test pictures are not read.

import { accuracy, adam, lenet, loadCore, oneCycle, softmaxCrossEntropy } from "edgegrad";
import { range, readImages, rowsOf } from "./images.mjs";
import { exampleOptions, printSeeds } from "./seeds.mjs";

const HELD_OUT = 5000;
const BATCH = 64;

const options = exampleOptions({ data: "../shared/data/mnist", epochs: 3, rate: 4e-3 });
const all = await readImages(options.data, "train");
const count = options.rows ?? all.count;
const train = rowsOf(all, range(0, options.choose ? count - HELD_OUT : count));
const judge = options.choose
  ? rowsOf(all, range(all.count - HELD_OUT, all.count))
  : await readImages(options.data, "t10k");

const core = await loadCore();
const steps = options.epochs * Math.ceil(train.y.length / BATCH);
await printSeeds(options.seeds, "accuracy", async (seed) => {
  const trainer = core.trainer(lenet([28, 28, 1], 10), {
    loss: softmaxCrossEntropy(),
    optimizer: adam({ learningRate: oneCycle(options.rate, { steps }) }),
    metrics: [accuracy()],
    batchSize: BATCH,
    seed,
  });
  for await (const { epochEnd, epoch } of trainer.run(train, { epochs: options.epochs }))
    if (epochEnd && options.choose) console.log(epoch, trainer.evaluate(judge).accuracy);
  return trainer.evaluate(judge).accuracy;
});
