// `edgegrad train` on a CSV file: from raw rows to a model file that takes raw rows.
// Place: command line. Invariant: the preprocessing is fitted on training rows and travels inside model and checkpoint.

import type { Core, Trainer } from "../api.ts";
import type { TabularData } from "../data/apply-preprocessing.ts";
import { featureNames } from "../data/preprocessing.ts";
import { preprocessingIn, withPreprocessing } from "../data/preprocessing-file.ts";
import { takeRows, trainTestSplit } from "../data/split.ts";
import { ConfigError, FormatError } from "../errors.ts";
import { EarlyStopping } from "../train/early-stopping.ts";
import { checkExamination, type Examination, type ExaminationOptions, examine } from "./examination.ts";
import { checkWritable, naming, readBytes, writeBytes } from "./files.ts";
import { Reporter } from "./progress.ts";
import { loadTable, type TableCommand, type TableData } from "./table-data.ts";
import { checkTableOptions } from "./table-options.ts";
import { confusionText, formatFigures, scoreTable } from "./table-scores.ts";
import { createTableTrainer, type TableTrainerOptions } from "./table-trainer.ts";
import { checkpointBeside, interruptedError, runTraining } from "./training-run.ts";

/** Options of the command, as commander gives them. */
export interface TrainTableCommand extends TableCommand, TableTrainerOptions, ExaminationOptions {
  readonly epochs: number;
  readonly out: string;
  readonly checkpoint?: string;
  readonly resume?: string;
  readonly json?: boolean;
}

/** Rows behind early stopping: this share of the training rows is taken from them. */
const VALIDATION_SHARE = 0.1;

const FROM_CHECKPOINT: readonly (readonly [keyof TrainTableCommand, string])[] = [
  ["batchSize", "--batch-size"],
  ["learningRate", "--learning-rate"],
  ["seed", "--seed"],
  ["hidden", "--hidden"],
  ["dropout", "--dropout"],
  ["weightDecay", "--weight-decay"],
  ["balance", "--balance"],
  ["scale", "--scale"],
  ["impute", "--impute"],
  ["ignore", "--ignore"],
  ["category", "--category"],
  ["embed", "--embed"],
  ["patience", "--patience"],
];

function checkResume(command: TrainTableCommand, given: ReadonlySet<string>): void {
  if (command.resume === undefined) return;
  for (const [option, flag] of FROM_CHECKPOINT) {
    if (!given.has(option)) continue;
    const why =
      option === "patience" ? "cannot go on from a checkpoint" : "comes from the checkpoint when resuming";
    throw new ConfigError("config/resume", `${flag} ${why}; leave it out`, { option });
  }
}

/** @param words gives the command's options again, but for those named */
export async function trainTable(
  core: Core,
  command: TrainTableCommand,
  given: ReadonlySet<string>,
  words: (without: readonly string[]) => string[],
): Promise<void> {
  const reporter = new Reporter({
    ...{ json: command.json ?? false, out: process.stdout },
    ...(command.patience !== undefined && { heldOut: "validation" }),
  });
  checkTableOptions(command, given);
  checkResume(command, given);
  const checkpointPath = command.checkpoint ?? checkpointBeside(command.out);
  await checkWritable(command.out);
  await checkWritable(checkpointPath);
  await checkExamination(command);
  const checkpoint = command.resume === undefined ? undefined : await readBytes(command.resume);
  const fitted = checkpoint && naming(command.resume!, () => preprocessingIn(checkpoint));
  if (checkpoint && !fitted)
    throw new FormatError(
      "preprocessing/none",
      `${command.resume}: the checkpoint is not of a training on a table`,
      {
        file: command.resume,
      },
    );
  const data = await loadTable(command, fitted);
  const { preprocessing } = data;
  const { train, validation } =
    command.patience === undefined ? { train: data.train, validation: data.test } : carve(data, command.seed);
  const trainer = checkpoint
    ? naming(command.resume!, () => core.resume(checkpoint))
    : createTableTrainer(core, preprocessing, train, command);
  announce(reporter, data, command, trainer);

  const saveCheckpoint = () =>
    writeBytes(checkpointPath, withPreprocessing(trainer.saveCheckpoint(), preprocessing));
  const { reason, history, error } = await runTraining({
    ...{ trainer, train, validation, epochs: command.epochs, reporter },
    resumed: checkpoint !== undefined,
    checkpoint: command.checkpoint === undefined ? undefined : saveCheckpoint,
    stopping: command.patience === undefined ? undefined : new EarlyStopping({ patience: command.patience }),
  });
  const { seconds } = reporter;
  const examination: Examination = {
    ...{ trainer, train, test: data.test, history: history.finish() },
    outputs: preprocessing.target?.type === "classes" ? "classes" : "values",
    title: `Training on ${data.name}`,
    facts: [
      ["target", preprocessing.target?.name ?? ""],
      ["parameters", String(trainer.plan.parameters)],
      ["training rows", String(train.rows)],
      ["steps", String(trainer.steps)],
      ["seconds", seconds.toFixed(1)],
    ],
    ...(preprocessing.target?.type === "classes" && { classNames: preprocessing.target.values }),
  };
  if (reason === "diverged") {
    await examine(examination, command, reporter);
    throw error;
  }
  if (reason === "aborted") {
    await saveCheckpoint();
    const fixed = [...FROM_CHECKPOINT.map(([option]) => option), "config", "resume", "epochs", "out"];
    const again = ["--resume", checkpointPath, "--epochs", String(command.epochs), "--out", command.out];
    throw interruptedError(trainer, checkpointPath, ["train", ...again, ...words(fixed)]);
  }
  if (reason === "stopped")
    reporter.line(
      `stopped: no better loss on the validation rows for ${command.patience} epochs; back to the best`,
    );
  const scores = scoreTable(preprocessing, trainer.predict(data.test.x) as Float32Array, data.test.y);
  const modelBytes = withPreprocessing(trainer.saveModel(), preprocessing);
  await writeBytes(command.out, modelBytes);
  const confusion = confusionText(preprocessing, scores);
  if (confusion !== undefined) reporter.line(`\n${confusion}\n`);
  reporter.line(`test ${formatFigures(scores.figures)} on ${data.test.rows} rows`);
  reporter.line(`${seconds.toFixed(1)} s · model saved to ${command.out}`);
  reporter.json({
    ...{ event: "done", reason, steps: trainer.steps, seconds, test: scores.figures, model: command.out },
    ...(scores.confusion && { confusion: scores.confusion }),
    ...{ bytes: modelBytes.length, fingerprint: trainer.fingerprint() },
  });
  await examine(examination, command, reporter);
  trainer.dispose();
}

/** Training rows in two parts: to train on, and to stop by. The test rows have no say in when to stop. */
function carve({ train }: TableData, seed: number): { train: TabularData; validation: TabularData } {
  const parts = trainTestSplit(train.rows, { testFraction: VALIDATION_SHARE, seed });
  const part = (rows: Uint32Array): TabularData => ({
    rows: rows.length,
    x: inputRows(train, rows),
    y: takeRows(train.y, 1, rows),
  });
  return { train: part(parts.train), validation: part(parts.test) };
}

function inputRows({ x, rows: all }: TabularData, rows: Uint32Array): TabularData["x"] {
  const take = <A extends Float32Array | Int32Array>(array: A) => takeRows(array, array.length / all, rows);
  if (x instanceof Float32Array) return take(x);
  return Object.fromEntries(Object.entries(x).map(([name, array]) => [name, take(array)]));
}

function announce(reporter: Reporter, data: TableData, command: TrainTableCommand, trainer: Trainer): void {
  const { preprocessing, train, test, name } = data;
  const { plan } = trainer;
  const features = featureNames(preprocessing).length;
  const { target } = preprocessing;
  const goal = target?.type === "classes" ? `${target.values.length} classes` : "a number";
  reporter.line(
    `${name}: ${train.rows} training and ${test.rows} test rows, ${preprocessing.columns.length} columns as ${features} features, "${target?.name}" is ${goal}`,
  );
  const from =
    command.resume === undefined ? "network" : `resumed from ${command.resume} at step ${trainer.steps}`;
  const memory = (plan.bytes.total / 1e6).toFixed(1);
  reporter.line(`${from}: ${plan.parameters} parameters, batch ${plan.batchSize}, ${memory} MB planned`);
  reporter.json({
    ...{ event: "start", data: name, trainRows: train.rows, testRows: test.rows, features },
    ...{ target: target?.name, ...(target?.type === "classes" && { classes: target.values }) },
    ...{ step: trainer.steps, epochs: command.epochs, plan },
  });
}
