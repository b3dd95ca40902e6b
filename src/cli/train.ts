// `edgegrad train`: a classifier on images, from data to a saved model; can be interrupted and resumed.
// Place: command line. Invariant: when it is interrupted after training began, the state is on disk before it ends.

import { basename, relative } from "node:path";
import type { Core, Trainer } from "../api.ts";
import type { LabelledImages } from "../data/idx.ts";
import { ConfigError, StateError } from "../errors.ts";
import { HistoryRecorder } from "../train/history.ts";
import type { Progress, StopReason } from "../train/run-loop.ts";
import { withClassNames } from "./class-names.ts";
import { classesOf, createTrainer } from "./classifier.ts";
import { confusionRows, confusionTable } from "./confusion-matrix.ts";
import { classCount, type ImageData, loadImages } from "./data-source.ts";
import { checkExamination, type Examination, examine } from "./examination.ts";
import { checkWritable, naming, readBytes, writeBytes } from "./files.ts";
import { Reporter } from "./progress.ts";

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

/** The command stopped because the user wanted it to. Exit code 1, the message says how to go on. */
export class Interrupted extends StateError {
  override name = "Interrupted";
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

  const history = new HistoryRecorder();
  const reason = await run(trainer, images, command, reporter, checkpointPath, history);
  const { last, seconds } = reporter;
  if (reason === "diverged") {
    const { error } = history.finish();
    await examine(examinationOf(trainer, images, command, history, seconds), command, reporter);
    throw error;
  }
  if (reason === "aborted") {
    await writeBytes(checkpointPath, trainer.saveCheckpoint());
    throw interrupted(command, checkpointPath, trainer);
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

function checkpointBeside(out: string): string {
  return `${out.replace(/\.safetensors$/, "")}.checkpoint.safetensors`;
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

/** Runs the epochs, watching for Ctrl-C; gives why it ended. */
async function run(
  trainer: Trainer,
  images: ImageData,
  command: TrainCommand,
  reporter: Reporter,
  checkpointPath: string,
  history: HistoryRecorder,
): Promise<StopReason> {
  const rows = ({ x, y }: LabelledImages) => ({ x, y });
  const interruption = new AbortController();
  const interrupt = () => {
    // The second Ctrl-C does not wait for the slice to end.
    if (interruption.signal.aborted) process.exit(1);
    interruption.abort();
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  let final: Progress | undefined;
  reporter.start(command.resume !== undefined);
  try {
    const options = { epochs: command.epochs, validation: rows(images.test), signal: interruption.signal };
    for await (const progress of trainer.run(rows(images.train), options)) {
      final = progress;
      history.add(progress);
      if (progress.reason !== "aborted") reporter.update(progress);
      if (progress.epochEnd && command.checkpoint !== undefined) {
        await writeBytes(checkpointPath, trainer.saveCheckpoint());
      }
    }
  } finally {
    reporter.stop();
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
  return final?.reason ?? "done";
}

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

/** A word as a shell takes it whole. */
function quote(text: string): string {
  return /^[\w./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** How the user can start this program again: by its name where it is installed, else by its path. */
function invocation(): string {
  const program = process.argv[1] ?? "edgegrad";
  return basename(program) === "edgegrad" ? "edgegrad" : `node ${quote(relative("", program))}`;
}

function interrupted(command: TrainCommand, path: string, trainer: Trainer): Interrupted {
  const parts = [`${invocation()} train`, "--resume", quote(path), "--epochs", String(command.epochs)];
  if (command.data !== undefined) parts.push("--data", quote(command.data));
  parts.push("--out", quote(command.out));
  if (command.checkpoint !== undefined) parts.push("--checkpoint", quote(command.checkpoint));
  const message = `interrupted at step ${trainer.steps}; checkpoint saved to ${path}. Go on with:\n  ${parts.join(" ")}`;
  return new Interrupted("cli/interrupted", message, { checkpoint: path, step: trainer.steps });
}
