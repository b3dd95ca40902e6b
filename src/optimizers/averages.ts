// Averages of weights over the updates: exponential, and Polyak's (SWA).
//
// Place: wraps an optimizer; `withAverage` of train/ looks at a trainer with them. Only apps that import it carry it.
// Invariant: plain data; the average is a slot of the optimizer, kept in the core and in checkpoints.

import { ConfigError } from "../errors.ts";
import type { Expression } from "../graph/expression.ts";
import { useFormulas } from "../schedules/evaluate.ts";
import { withSlot } from "./accumulate.ts";
import type { Optimizer } from "./optimizers.ts";

/** How much of the average an update keeps, as a formula of the update from 0. */
export interface WeightAverage {
  readonly keep: Expression;
}

const bad = (name: string, option: string, expected: string, got: unknown): ConfigError =>
  new ConfigError("optimizer/average", `${name}: ${option} must be ${expected}, got ${String(got)}`, {
    option,
  });

function count(name: string, option: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw bad(name, option, `a whole number of at least ${least}`, value);
}

/**
 * Exponential average: a = decay·a + (1 − decay)·w after each update, from w of the first one on (PyTorch's
 * get_ema_multi_avg_fn). `start`: updates before which the average is w itself.
 */
export function ema(decay: number, options: { start?: number } = {}): WeightAverage {
  if (!(decay >= 0 && decay < 1)) throw bad("ema", "decay", "at least 0 and below 1", decay);
  const start = count("ema", "start", options.start ?? 0, 0);
  return { keep: ["if", ["less", start, "step"], decay, 0] };
}

/**
 * Polyak's average: the plain mean of the weights after update `start` and every `every`-th after it (PyTorch's
 * AveragedModel, stochastic weight averaging). Before `start` it is w itself.
 */
export function polyak(options: { start?: number; every?: number } = {}): WeightAverage {
  const start = count("polyak", "start", options.start ?? 0, 0);
  const every = count("polyak", "every", options.every ?? 1, 1);
  const past: Expression = ["-", "step", start];
  const taken: Expression = ["/", past, every];
  // n of n + 1 parts stay at the n-th mean; all of it between two.
  const keep: Expression = ["if", ["mod", past, every], 1, ["/", taken, ["+", taken, 1]]];
  return { keep: ["if", ["less", start, "step"], keep, 0] };
}

/**
 * An optimizer that also keeps an average of the weights.
 *
 * @example
 * const optimizer = averaged(adam({ learningRate: 1e-3 }), ema(0.999));
 * @throws ConfigError if it keeps one already
 */
export function averaged(optimizer: Optimizer, { keep }: WeightAverage): Optimizer {
  useFormulas();
  if (optimizer.average)
    throw new ConfigError("optimizer/average", "averaged: the optimizer keeps an average already", {
      option: "average",
    });
  const own = `s${optimizer.slots.length}`;
  return {
    ...withSlot(optimizer, "average"),
    average: {
      kind: "elementwise",
      slots: optimizer.slots.length + 1,
      temporaries: 0,
      scalars: [keep, ["-", 1, keep]],
      // The gradient has been used: its memory is free.
      program: [
        ["mul", "g", "w", "c1"],
        ["mul", own, own, "c0"],
        ["add", own, own, "g"],
        ["flush", own],
      ],
    },
  };
}
