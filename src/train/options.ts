// Options of a trainer: checked, defaults filled in.
//
// Place: first thing a Trainer does. Invariant: an unknown option is refused, never ignored.

import type { TrainingRequest } from "../compile.ts";
import { ConfigError } from "../errors.ts";
import { GraphBuilder } from "../graph/builder.ts";
import type { Weights } from "../io/weights.ts";
import type { Loss } from "../losses/loss.ts";
import type { Metric } from "../metrics/metrics.ts";
import { lowerModel, type Model } from "../model.ts";
import type { Optimizer } from "../optimizers/optimizers.ts";
import type { EarlyStoppingOptions, StoppingRule } from "./early-stopping.ts";
import type { Arrays, DataSet, NumericArray } from "./feeds.ts";
import type { Prediction } from "./forward.ts";
import { recordObjective } from "./objectives.ts";

export interface TrainerOptions {
  readonly model: Model;
  /** One loss, or one per output name. */
  readonly loss: Loss | { readonly [output: string]: Loss };
  /** Weight of each output's loss; default 1. */
  readonly lossWeights?: { readonly [output: string]: number };
  readonly optimizer: Optimizer;
  readonly metrics?: readonly Metric[];
  /** Rows of a step; memory is planned for it. Default 32. */
  readonly batchSize?: number;
  /** Longest time length, for models whose input has one that varies. */
  readonly timeSteps?: number;
  /** Default 0. */
  readonly seed?: number;
  /** Layers that are not trained, by name or by prefix: "0", "conv*". */
  readonly freeze?: readonly string[];
  /** Starting weights instead of initial ones. */
  readonly weights?: Weights;
  /** Work of one call inside fit and run, default 4e8 (about 10 ms). */
  readonly sliceFlops?: number;
}

/** A trainer, as far as a validation sees it. */
export interface Evaluated {
  evaluate(data: DataSet): Readonly<Record<string, number>>;
  predict(x: Arrays, options?: { lengths?: NumericArray }): Prediction;
}

export type Validation = DataSet | ((trainer: Evaluated) => Record<string, number>);

/** Options of `fit` and `run`. */
export interface RunOptions {
  /** Total number of epochs, counted from the beginning of the training. */
  epochs?: number;
  /** Rows to evaluate behind each epoch, or a function that gives the figures, such as `scored(data, [rocAuc])`. */
  validation?: Validation;
  signal?: AbortSignal;
  /** Stops the run after so many steps or so much work. */
  budget?: { readonly steps?: number; readonly flops?: number };
  /** Ends the run when it no longer improves, with the best epoch's weights. `edgegrad/train` wants a rule. */
  earlyStopping?: EarlyStoppingOptions | StoppingRule;
  /** Another order of rows in every epoch, by the seed. Default true. */
  shuffle?: boolean;
}

const KNOWN: readonly (keyof TrainerOptions)[] = [
  "model",
  "loss",
  "lossWeights",
  "optimizer",
  "metrics",
  "batchSize",
  "timeSteps",
  "seed",
  "freeze",
  "weights",
  "sliceFlops",
];

export interface ResolvedOptions extends Omit<TrainingRequest, "heapBase" | "maxBytes"> {
  readonly seed: number;
  readonly sliceFlops: number;
}

const isLoss = (loss: TrainerOptions["loss"]): loss is Loss => typeof (loss as Loss).perSample === "function";

function positive(option: string, value: number): number {
  if (Number.isInteger(value) && value > 0) return value;
  throw new ConfigError("config/option", `${option} must be a positive whole number, got ${value}`, {
    option,
  });
}

export function resolveOptions(options: TrainerOptions): ResolvedOptions {
  for (const key of Object.keys(options))
    if (!(KNOWN as readonly string[]).includes(key))
      throw new ConfigError(
        "config/option",
        `unknown option "${key}"; known are ${KNOWN.slice(1).join(", ")}`,
        { option: key },
      );
  const {
    model,
    loss,
    optimizer,
    metrics = [],
    batchSize = 32,
    seed = 0,
    freeze = [],
    sliceFlops = 4e8,
  } = options;
  if (!model?.graph)
    throw new ConfigError("config/model", "expected a model from sequential() or functional()", {
      option: "model",
    });
  if (!loss)
    throw new ConfigError("config/loss", "expected a loss such as softmaxCrossEntropy()", { option: "loss" });
  if (!optimizer?.rule)
    throw new ConfigError("config/optimizer", "expected an optimizer such as adam()", {
      option: "optimizer",
    });
  if (!(Number.isInteger(seed) && seed >= 0))
    throw new ConfigError("config/option", `seed must be a whole number ≥ 0, got ${seed}`, {
      option: "seed",
    });
  if (!(sliceFlops > 0))
    throw new ConfigError("config/option", `sliceFlops must be above 0, got ${sliceFlops}`, {
      option: "sliceFlops",
    });
  const outputs = Object.keys(model.graph.outputs);
  const timed = model.graph.inputs.some((input) => input.shape.includes(null));
  if (timed && options.timeSteps === undefined)
    throw new ConfigError(
      "config/timeSteps",
      "the model has an input of variable time: give timeSteps, the longest one",
      {
        option: "timeSteps",
      },
    );
  const lowered = lowerModel(new GraphBuilder(), model, "train");
  const objectives: ResolvedOptions["objectives"] = [...lowered.outputs].flatMap(([name, { shape }]) => {
    const one = isLoss(loss) ? loss : loss[name];
    return one ? [recordObjective(name, shape, one, options.lossWeights?.[name] ?? 1, metrics)] : [];
  });
  const named = isLoss(loss) ? [] : Object.keys(loss);
  for (const name of [...named, ...Object.keys(options.lossWeights ?? {})])
    if (!outputs.includes(name))
      throw new ConfigError(
        "config/loss",
        `the model has no output "${name}"; it has ${outputs.join(", ")}`,
        { option: "loss" },
      );
  if (objectives.length === 0)
    throw new ConfigError("config/loss", "no output of the model has a loss", { option: "loss" });
  return {
    ...{ model, objectives, optimizer, freeze, seed, sliceFlops },
    binding: { batch: positive("batchSize", batchSize), time: positive("timeSteps", options.timeSteps ?? 1) },
  };
}
