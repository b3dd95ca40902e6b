// The network that the command line trains on tables.
// Place: command line; describes models with the public API only. Invariant: equal options give equal trainers.

import {
  accuracy,
  adamw,
  type Core,
  dense,
  dropout,
  type Model,
  meanAbsoluteError,
  mse,
  softmaxCrossEntropy,
  type Trainer,
  type TrainerOptions,
} from "../api.ts";
import type { TabularData } from "../data/apply-preprocessing.ts";
import { classWeights } from "../data/balance.ts";
import type { Preprocessing } from "../data/preprocessing.ts";
import { outputCount, tabularModel } from "../data/tabular-model.ts";
import { ConfigError } from "../errors.ts";
import type { TableOptions } from "./table-options.ts";

export interface TableTrainerOptions extends TableOptions {
  readonly batchSize: number;
  readonly learningRate: number;
  readonly seed: number;
}

/** Dense layers with ReLU; cross-entropy on classes, squared error on a scaled number; AdamW. */
export function tableTraining(
  preprocessing: Preprocessing,
  train: TabularData,
  options: TableTrainerOptions,
): { readonly model: Model; readonly options: Omit<TrainerOptions, "model"> } {
  const { hidden = [32], weightDecay = 0, batchSize, learningRate, seed, balance } = options;
  const classes = preprocessing.target?.type === "classes";
  if (balance && !classes)
    throw new ConfigError("config/option", "--balance is about classes, and the target holds numbers", {
      option: "balance",
    });
  const layers = hidden.flatMap((units) => [
    dense(units, { activation: "relu" }),
    ...(options.dropout === undefined ? [] : [dropout(options.dropout)]),
  ]);
  const count = outputCount(preprocessing);
  const weights = balance ? { classWeights: classWeights(train.y, { classes: count }) } : {};
  return {
    model: tabularModel(preprocessing, [...layers, dense(count)]),
    options: {
      loss: classes ? softmaxCrossEntropy(weights) : mse(),
      optimizer: adamw({ learningRate, weightDecay }),
      metrics: [classes ? accuracy() : meanAbsoluteError()],
      batchSize,
      seed,
    },
  };
}

export function createTableTrainer(
  core: Core,
  preprocessing: Preprocessing,
  train: TabularData,
  options: TableTrainerOptions,
): Trainer {
  const training = tableTraining(preprocessing, train, options);
  return core.trainer(training.model, training.options);
}
