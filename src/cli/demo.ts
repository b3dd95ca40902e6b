// `edgegrad demo`: the whole way in one command: train, test, look, save, load, serve, compare.
// Place: command line; what the README's first command runs.
// Invariant: "the same prediction" is checked to the bit; a difference is an error, not a remark.

import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { Core } from "../api.ts";
import { CoreError } from "../errors.ts";
import { classesOf } from "./classifier.ts";
import { imageElements } from "./data-source.ts";
import { readBytes } from "./files.ts";
import { showSample } from "./predict.ts";
import { requestPrediction, type Served, serveFromNode, serveFromWorkerd, uploadModel } from "./serve.ts";
import { formatBytes } from "./table.ts";
import { type TrainCommand, train } from "./train.ts";

/** Options of the command, as commander gives them. */
export interface DemoCommand extends Omit<TrainCommand, "checkpoint" | "resume" | "json"> {
  readonly serve: boolean;
}

/** How many pictures to show, and how many images to ask the served model about. */
const SHOWN = 6;
const ASKED = 20;

/** Trains a classifier and shows that what was saved predicts the same elsewhere. */
export async function demo(core: Core, command: DemoCommand): Promise<void> {
  const say = (text = "") => process.stdout.write(`${text}\n`);
  await mkdir(dirname(command.out), { recursive: true });
  const { trainer, images } = await train(core, command, new Set());
  const { test } = images;
  const logits = trainer.predict(test.x) as Float32Array;
  const predicted = classesOf(logits, test.count);
  const classes = logits.length / test.count;
  say();
  say(showSample(test, predicted, SHOWN));
  say();
  trainer.dispose();

  const bytes = await readBytes(command.out);
  using predictor = core.predictor(bytes, { batchSize: 256 });
  const again = predictor.predict(test.x) as Float32Array;
  expectSame(again, logits, `the model loaded from ${command.out}`);
  say(
    `loaded ${command.out} (${formatBytes(bytes.length)}): the same ${test.count} predictions, bit for bit`,
  );
  if (!command.serve) return;

  const served = await serve(core, say);
  try {
    const { host, url } = served;
    const fingerprint = await uploadModel(url, bytes);
    if (fingerprint !== predictor.fingerprint()) {
      throw new CoreError(
        "demo/difference",
        `${host} sees weights ${fingerprint}, not ${predictor.fingerprint()}`,
      );
    }
    const elements = imageElements(test);
    const count = Math.min(ASKED, test.count);
    const asked = Array.from({ length: count }, (_, i) => test.x.subarray(i * elements, (i + 1) * elements));
    const { y, argmax } = await requestPrediction(url, asked);
    expectSame(y.flat(), logits.subarray(0, count * classes), `${host}'s prediction`);
    expectSame(argmax, predicted.subarray(0, count), `${host}'s class`);
    say(`served from ${host} at ${url}: POST /predict gave the same logits for ${count} images, bit for bit`);
  } finally {
    await served.close();
  }
}

/** workerd where it runs; else says why and serves from Node. */
async function serve(core: Core, say: (text: string) => void): Promise<Served> {
  say("starting workerd …");
  try {
    return await serveFromWorkerd();
  } catch (error) {
    if (!(error instanceof CoreError)) throw error;
    say(`workerd cannot run here: ${error.message}; serving from Node instead`);
    return serveFromNode(core);
  }
}

function expectSame(got: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  for (let i = 0; i < expected.length; i++) {
    // JSON has no -0, so 0 stands for both.
    if (got[i] !== expected[i]) {
      const message = `${what} differs: expected value ${i} to be ${expected[i]}, got ${got[i]}`;
      throw new CoreError("demo/difference", message, { index: i });
    }
  }
}
