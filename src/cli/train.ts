// `edgegrad train`: a classifier on images, from data to a saved model; can be interrupted and resumed.
// Place: command line. Invariant: when it is interrupted after training began, the state is on disk before it ends.

import type { Core, Trainer } from "../api.ts";
import type { LabelledImages } from "../data/idx.ts";
import { ConfigError } from "../errors.ts";
import type { HistoryRecorder } from "../train/history.ts";
import { withClassNames } from "./class-names.ts";
import { classesOf, createTrainer } from "./classifier.ts";
import { confusionRows, confusionTable } from "./confusion-matrix.ts";
import { classCount, type ImageData, loadImages } from "./data-source.ts";
import { checkExamination, type Examination, examine } from "./examination.ts";
import { checkWritable, naming, readBytes, writeBytes } from "./files.ts";
import { Reporter } from "./progress.ts";
import { checkpointBeside, interruptedError, runTraining } from "./training-run.ts";

/** Options of the command, as commander gives them. */
export interface TrainCommand {
  readonly data?: string;
  readonly model: string;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly seed: number;
  readonly out: string;
  readonly checkpoint?: string;
  readonly resume?: string;
  readonly json?: boolean;
  readonly doctor?: boolean;
  readonly report?: string;
}

/** What a training left behind. */
export interface TrainResult {
  readonly trainer: Trainer;
  readonly images: ImageData;
  readonly modelBytes: Uint8Array;
  readonly testAccuracy: number;
  readonly seconds: number;
}

/** Trains, evaluates on the test images, saves the model. */
export async function train(
  core: Core,
  command: TrainCommand,
  given: ReadonlySet<string>,
): Promise<TrainResult> {
  const reporter = new Reporter({ json: command.json ?? false, out: process.stdout });
  refuseFixed(command, given);
  const checkpointPath = command.checkpoint ?? checkpointBeside(command.out);
  await checkWritable(command.out);
  await checkWritable(checkpointPath);
  await checkExamination(command);
  const checkpoint = command.resume === undefined ? undefined : await readBytes(command.resume);

  const images = await loadImages(command.data);
  const classes = classCount(images);
  const { imageShape } = images.train;
  const trainer = checkpoint
    ? naming(command.resume!, () => core.resume(checkpoint))
    : createTrainer(core, { ...command, imageShape, classes });
  announce(reporter, command, images, classes, trainer);

  const saveCheckpoint = () => writeBytes(checkpointPath, trainer.saveCheckpoint());
  const { reason, history, error } = await runTraining({
    ...{
      trainer,
      train: rowsOf(images.train),
      validation: rowsOf(images.test),
      epochs: command.epochs,
      reporter,
    },
    resumed: checkpoint !== undefined,
    checkpoint: command.checkpoint === undefined ? undefined : saveCheckpoint,
  });
  const { last, seconds } = reporter;
  if (reason === "diverged") {
    await examine(examinationOf(trainer, images, command, history, seconds), command, reporter);
    throw error;
  }
  if (reason === "aborted") {
    await saveCheckpoint();
    throw interruptedError(trainer, checkpointPath, wordsToGoOn(command, checkpointPath));
  }
  if (!last && checkpoint) {
    reporter.line(`${command.resume} has its ${command.epochs} epochs behind it; for more, say --epochs.`);
  }
  const { test } = images;
  const { accuracy: testAccuracy, loss: testLoss } = trainer.evaluate({ x: test.x, y: test.y }) as Record<
    string,
    number
  >;
  const predicted = classesOf(trainer.predict(test.x) as Float32Array, test.count);
  const names = images.classNames;
  const modelBytes = names ? withClassNames(trainer.saveModel(), names) : trainer.saveModel();
  await writeBytes(command.out, modelBytes);
  const rate = `${(100 * testAccuracy!).toFixed(2)}%`;
  reporter.line(
    `test accuracy ${rate} on ${test.count} images · ${seconds.toFixed(1)} s · model saved to ${command.out}`,
  );
  reporter.line();
  reporter.line(confusionTable(test, predicted, classes, names));
  const confusion = confusionRows(test.y, predicted, classes);
  reporter.json({
    ...{ event: "done", steps: trainer.steps, seconds, testAccuracy, testLoss, model: command.out },
    ...{ bytes: modelBytes.length, fingerprint: trainer.fingerprint() },
    ...{ confusion, classAccuracy: confusion.map((row, i) => row[i]! / row.reduce((sum, n) => sum + n, 0)) },
  });
  await examine(examinationOf(trainer, images, command, history, seconds), command, reporter);
  return { trainer, images, modelBytes, testAccuracy: testAccuracy!, seconds };
}

/** A checkpoint brings these along; taking them silently from there would surprise. */
function refuseFixed(command: TrainCommand, given: ReadonlySet<string>): void {
  if (command.resume === undefined) return;
  for (const [option, flag] of [
    ["model", "--model"],
    ["batchSize", "--batch-size"],
    ["learningRate", "--learning-rate"],
    ["seed", "--seed"],
  ] as const) {
    if (given.has(option)) {
      throw new ConfigError(
        "config/resume",
        `${flag} comes from the checkpoint when resuming; leave it out`,
        { option },
      );
    }
  }
}

function announce(
  reporter: Reporter,
  command: TrainCommand,
  images: ImageData,
  classes: number,
  trainer: Trainer,
): void {
  const { plan } = trainer;
  const { train, test } = images;
  const shape = train.imageShape.join("×");
  reporter.line(
    `${images.name}: ${train.count} training and ${test.count} test images, ${shape}, ${classes} classes`,
  );
  const memory = (plan.bytes.total / 1e6).toFixed(1);
  const from =
    command.resume === undefined ? command.model : `resumed from ${command.resume} at step ${trainer.steps}`;
  reporter.line(`${from}: ${plan.parameters} parameters, batch ${plan.batchSize}, ${memory} MB planned`);
  reporter.json({
    ...{ event: "start", data: images.name, trainRows: train.count, testRows: test.count, classes },
    ...{ step: trainer.steps, epochs: command.epochs, plan },
  });
}

const rowsOf = ({ x, y }: LabelledImages) => ({ x, y });

/** What the doctor and the report are about. */
function examinationOf(
  trainer: Trainer,
  images: ImageData,
  command: TrainCommand,
  history: HistoryRecorder,
  seconds: number,
): Examination {
  const { train, test, name } = images;
  return {
    ...{ trainer, history: history.finish(), outputs: "classes", title: `Training on ${name}` },
    train: { x: train.x, y: train.y },
    test: { x: test.x, y: test.y },
    ...(images.classNames && { classNames: images.classNames }),
    facts: [
      ["model", command.model],
      ["parameters", String(trainer.plan.parameters)],
      ["training rows", String(train.count)],
      ["steps", String(trainer.steps)],
      ["seconds", seconds.toFixed(1)],
    ],
  };
}

function wordsToGoOn(command: TrainCommand, checkpoint: string): string[] {
  const words = ["train", "--resume", checkpoint, "--epochs", String(command.epochs)];
  if (command.data !== undefined) words.push("--data", command.data);
  words.push("--out", command.out);
  if (command.checkpoint !== undefined) words.push("--checkpoint", command.checkpoint);
  return words;
}
