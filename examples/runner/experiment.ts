// One experiment on a table: fit the preprocessing, train a network, predict other rows. And the choice of its settings.
//
// Place: shared by all examples. Invariant: `test` rows are used for nothing but the last prediction; settings are
// chosen by cross-validation inside the training rows.

import { adamw, type Core, cosineDecay, dense, dropout, mse, softmaxCrossEntropy } from "edgegrad";
import {
  classProbabilities,
  classWeights,
  crossValidate,
  decodeOutputs,
  fitPreprocessing,
  kFold,
  outputCount,
  type Preprocessing,
  type PreprocessingOptions,
  type Split,
  type Table,
  tabularData,
  tabularModel,
} from "edgegrad/data";

/** What is chosen for a task; the learning rate falls to 0 along a cosine. */
export interface Setting {
  readonly hidden: readonly number[];
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly weightDecay?: number;
  readonly dropout?: number;
  /** Strength of balanced class weights, 0 (none) to 1. */
  readonly balance?: number;
  /** Of numbers; default "standard". */
  readonly scale?: "standard" | "robust";
  /** Of the hidden layers; default "relu". */
  readonly activation?: "relu" | "tanh";
  /** Networks, each with a seed of its own, whose predictions are averaged; default 1. */
  readonly members?: number;
}

/** A table and what is to be learned from it. */
export interface Task {
  readonly table: Table;
  readonly columns: Omit<PreprocessingOptions, "rows">;
}

/** What a trained network says about the rows it was not trained on. */
export interface Outcome {
  readonly preprocessing: Preprocessing;
  /** One line per test row. */
  readonly probabilities: readonly (readonly number[])[];
  /** Class indices, or numbers in their own unit. */
  readonly targets: readonly number[];
  readonly values: readonly number[];
  /** Of the (first) network's weights. */
  readonly fingerprint: string;
}

/** Trains on `split.train`, predicts `split.test`. */
export async function runExperiment(
  core: Core,
  task: Task,
  split: Split,
  setting: Setting,
  seed: number,
): Promise<Outcome> {
  const { members = 1 } = setting;
  const first = await trainAndPredict(core, task, split, setting, seed);
  if (members === 1) return first;
  const all = [first];
  // The seeds of two ensembles never meet.
  for (let i = 1; i < members; i++)
    all.push(await trainAndPredict(core, task, split, setting, seed + 1000 * i));
  const mean = (figure: (outcome: Outcome) => number) =>
    all.reduce((sum, outcome) => sum + figure(outcome), 0) / members;
  return {
    ...first,
    probabilities: first.probabilities.map((row, i) =>
      row.map((_, k) => mean(({ probabilities }) => probabilities[i]![k]!)),
    ),
    values: first.values.map((_, i) => mean(({ values }) => values[i]!)),
  };
}

async function trainAndPredict(
  core: Core,
  { table, columns }: Task,
  split: Split,
  setting: Setting,
  seed: number,
): Promise<Outcome> {
  const { scale = "standard" } = setting;
  const defaults = { ...columns.defaults, scale };
  const preprocessing = fitPreprocessing(table, { ...columns, defaults, rows: split.train });
  const training = tabularData(preprocessing, table, { rows: split.train });
  const held = tabularData(preprocessing, table, { rows: split.test });
  const { hidden, epochs, batchSize, learningRate, weightDecay = 0, balance = 0 } = setting;
  const layers = hidden.flatMap((units) => [
    dense(units, { activation: setting.activation ?? "relu" }),
    ...(setting.dropout ? [dropout(setting.dropout)] : []),
  ]);
  const model = tabularModel(preprocessing, [...layers, dense(outputCount(preprocessing))]);
  const { target } = preprocessing;
  const loss =
    target?.type === "classes"
      ? softmaxCrossEntropy(
          balance > 0 ? { classWeights: classWeights(training.y, { strength: balance }) } : {},
        )
      : mse();
  const steps = epochs * Math.ceil(training.rows / batchSize);
  const optimizer = adamw({ learningRate: cosineDecay(learningRate, { steps }), weightDecay });
  using trainer = core.trainer(model, { loss, optimizer, batchSize, seed });
  await trainer.fit(training, { epochs });
  const outputs = trainer.predict(held.x) as Float32Array;
  const width = outputs.length / held.rows;
  const numbers = target?.type === "number";
  return {
    preprocessing,
    targets: Array.from(held.y, (y) => (numbers ? y * target.divisor + target.offset : y)),
    probabilities: numbers
      ? []
      : Array.from({ length: held.rows }, (_, i) =>
          classProbabilities(outputs.subarray(i * width, (i + 1) * width)),
        ),
    values: numbers
      ? decodeOutputs(preprocessing, outputs, held.rows).map(({ value }) => value as number)
      : [],
    fingerprint: trainer.fingerprint(),
  };
}

/** Figures of an outcome, by name. */
export type Scorer = (outcome: Outcome) => Readonly<Record<string, number>>;

/** Out-of-fold predictions of all training rows: each by a network that did not see it. In the order of `split.train`. */
export async function outOfFold(
  core: Core,
  task: Task,
  train: Uint32Array,
  setting: Setting,
  folds = 5,
): Promise<{ probabilities: readonly number[][]; targets: readonly number[] }> {
  const probabilities: number[][] = new Array(train.length);
  const targets: number[] = new Array(train.length);
  for (const fold of kFold(train.length, { folds })) {
    const inTable = (rows: Uint32Array) => rows.map((row) => train[row]!);
    const outcome = await runExperiment(
      core,
      task,
      { train: inTable(fold.train), test: inTable(fold.test) },
      setting,
      0,
    );
    fold.test.forEach((row, i) => {
      probabilities[row] = [...outcome.probabilities[i]!];
      targets[row] = outcome.targets[i]!;
    });
  }
  return { probabilities, targets };
}

/** Repeats of the cross-validation, each with other folds and other initial weights: one alone is too noisy to choose by. */
const REPEATS = 3;

/**
 * Scores each candidate by repeated 5-fold cross-validation inside the training rows, best first by the scorer's first
 * figure. The test rows are not given to it.
 */
export async function compareSettings(
  core: Core,
  task: Task,
  train: Uint32Array,
  candidates: readonly Setting[],
  scorer: Scorer,
): Promise<{ setting: Setting; mean: Readonly<Record<string, number>> }[]> {
  // Equal rows go into one fold: one that trains would give the answer to the other.
  const ignored = new Set(task.columns.ignore);
  const cellsOf = [...task.table.columns].filter(([name]) => !ignored.has(name)).map(([, cells]) => cells);
  const groups = Array.from(train, (row) => JSON.stringify(cellsOf.map((cells) => cells[row])));
  const splits = Array.from({ length: REPEATS }, (_, seed) => kFold(train.length, { folds: 5, seed, groups }))
    .flat()
    .map((fold) => ({
      train: fold.train.map((row) => train[row]!),
      test: fold.test.map((row) => train[row]!),
    }));
  const results = [];
  for (const setting of candidates) {
    const { mean } = await crossValidate(splits, async (split, i) =>
      scorer(await runExperiment(core, task, split, setting, Math.floor(i / 5))),
    );
    results.push({ setting, mean });
  }
  const first = (mean: Readonly<Record<string, number>>) => {
    const [name, value] = Object.entries(mean)[0]!;
    return name === "RMSE" ? -value : value;
  };
  return results.sort((a, b) => first(b.mean) - first(a.mean));
}
