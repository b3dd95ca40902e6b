// LeNet on MNIST until it names 99 of 100 test digits: the program that Node and a page run alike.
//
// Place: bundled by main.ts, which gives it the files' bytes. Invariant: only training counts; the accuracy is looked at
// between pieces of training, off the clock, and has no influence on it.

import { accuracy, adam, lenet, loadCore, oneCycle, softmaxCrossEntropy } from "edgegrad";
import { gunzip, pairIdx, parseIdx } from "edgegrad/data";

const BATCH = 64;
const EPOCHS = 3;
const LOOKS_AN_EPOCH = 8;

async function pair({ images, labels }) {
  const { x, y } = pairIdx(
    parseIdx(await gunzip(images, "images"), "images"),
    parseIdx(await gunzip(labels, "labels"), "labels"),
    {
      images: "images",
      labels: "labels",
    },
  );
  return { x, y };
}

/**
 * For each seed: seconds of training until the test accuracy was first seen at `target` or above (null: never), seconds
 * of the whole schedule, and the accuracy at its end.
 */
export async function timeToAccuracy({ train, test, seeds, target, report }) {
  const [data, judge] = [await pair(train), await pair(test)];
  const core = await loadCore();
  const steps = EPOCHS * Math.ceil(data.y.length / BATCH);
  const piece = Math.ceil(steps / EPOCHS / LOOKS_AN_EPOCH);
  for (const seed of seeds) {
    const trainer = core.trainer(lenet([28, 28, 1], 10), {
      loss: softmaxCrossEntropy(),
      optimizer: adam({ learningRate: oneCycle(4e-3, { steps }) }),
      metrics: [accuracy()],
      batchSize: BATCH,
      seed,
    });
    let [seconds, reached, seen] = [0, null, 0];
    for (let done = false; !done; ) {
      const start = performance.now();
      for await (const { reason } of trainer.run(data, { epochs: EPOCHS, budget: { steps: piece } }))
        done = reason === "done";
      seconds += (performance.now() - start) / 1000;
      seen = trainer.evaluate(judge).accuracy;
      if (reached === null && seen >= target) reached = seconds;
    }
    report({ seed, reached, seconds, accuracy: seen, fingerprint: trainer.fingerprint() });
    trainer.dispose();
  }
}
