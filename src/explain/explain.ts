// explain: one training step on one row taken apart, number by number, on the real engine.
//
// Place: a function of its own beside the trainer; text.ts and page.ts show what it gives. Invariant: the trainer is the
// same before and after, to the bit.

import { ConfigError } from "../errors.ts";
import type { Weights } from "../io/weights.ts";
import type { Loss } from "../losses/loss.ts";
import { mse } from "../losses/losses.ts";
import type { Model } from "../model.ts";
import { type Optimizer, sgd } from "../optimizers/optimizers.ts";
import type { Core } from "../session.ts";
import type { DataSet } from "../train/feeds.ts";
import { Trainer } from "../train/trainer.ts";
import type { Explanation } from "./explanation.ts";
import { Inspection } from "./inspection.ts";

/** With a model instead of a trainer: what runs it and how it learns. */
export interface ModelToExplain {
  readonly core: Core;
  /** Default: the initial weights of seed 0. */
  readonly weights?: Weights;
  /** Default: mse(). */
  readonly loss?: Loss;
  /** Default: sgd({ learningRate: 0.1 }). */
  readonly optimizer?: Optimizer;
  readonly seed?: number;
}

export interface ExplainOptions {
  /** Neurons listed of each layer, and terms of each neuron: those that matter most. Default 12. */
  readonly most?: number;
}

/**
 * One training step on one row: weighted sums and activations forward, the chain rule factor by factor backward, the
 * update, and a difference quotient beside each gradient.
 *
 * @param subject a trainer; or a model, with what runs it in the third argument
 * @throws ShapeError if the sample is not one row
 * @example
 * const { layers } = explain(trainer, { x: [1, 0, 1], y: [1] });
 */
export function explain(trainer: Trainer, sample: DataSet, options?: ExplainOptions): Explanation;
export function explain(model: Model, sample: DataSet, options: ModelToExplain & ExplainOptions): Explanation;
export function explain(
  subject: Trainer | Model,
  sample: DataSet,
  options: Partial<ModelToExplain> & ExplainOptions = {},
): Explanation {
  if (subject instanceof Trainer) return new Inspection(subject, sample, options.most ?? 12).run();
  const { core, weights, loss = mse(), optimizer = sgd({ learningRate: 0.1 }), seed = 0 } = options;
  if (!core)
    throw new ConfigError("explain/core", "explain: with a model give { core } from loadCore() to run it", {
      option: "core",
    });
  const trainer = core.trainer(subject, { loss, optimizer, seed, batchSize: 1, ...(weights && { weights }) });
  try {
    return explain(trainer, sample, options);
  } finally {
    trainer.dispose();
  }
}
