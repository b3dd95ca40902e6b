// Optimizers: the rule of an update and what it keeps between steps.
//
// Place: compile.ts appends the rule to the training graph; the core's kernels do the arithmetic.
// Invariant: an optimizer is plain data. Definitions and defaults are PyTorch's.

import { ConfigError } from "../errors.ts";
import type { UpdateRule } from "../graph/ops.ts";

/** Plain data; checkpoints keep it as it is. */
export interface Optimizer {
  readonly name: string;
  readonly learningRate: number;
  readonly rule: UpdateRule;
  /** Tensors kept per parameter. */
  readonly slots: readonly string[];
  /** Scales all gradients so that their joint 2-norm is at most this. */
  readonly clipNorm?: number;
  /** Clamps every gradient to ± this. */
  readonly clipValue?: number;
}

interface CommonOptions {
  learningRate?: number;
  clipNorm?: number;
  clipValue?: number;
}

function define(
  name: string,
  options: CommonOptions & object,
  known: readonly string[],
  learningRate: number,
  slots: readonly string[],
  rule: UpdateRule,
): Optimizer {
  const all = ["learningRate", "clipNorm", "clipValue", ...known];
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!all.includes(key))
      throw new ConfigError(
        "optimizer/option",
        `${name}: unknown option "${key}"; known are ${all.join(", ")}`,
        {
          option: key,
        },
      );
    if (typeof value === "number" && !(value >= 0 && Number.isFinite(value)))
      throw new ConfigError("optimizer/option", `${name}: ${key} must be a finite number ≥ 0, got ${value}`, {
        option: key,
      });
  }
  return {
    name,
    learningRate,
    rule,
    slots,
    ...(options.clipNorm !== undefined && { clipNorm: options.clipNorm }),
    ...(options.clipValue !== undefined && { clipValue: options.clipValue }),
  };
}

export interface SgdOptions extends CommonOptions {
  momentum?: number;
  nesterov?: boolean;
  weightDecay?: number;
}

/** Gradient descent: v = momentum·v + g, w −= rate·v. Defaults: learningRate 0.01, momentum 0. */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { learningRate = 0.01, momentum = 0, nesterov = false, weightDecay = 0 } = options;
  if (nesterov && momentum === 0)
    throw new ConfigError("optimizer/option", "sgd: nesterov needs a momentum above 0", {
      option: "nesterov",
    });
  const known = ["momentum", "nesterov", "weightDecay"];
  const slots = momentum > 0 ? ["velocity"] : [];
  return define("sgd", options, known, learningRate, slots, { kind: "sgd", momentum, nesterov, weightDecay });
}

export interface AdamOptions extends CommonOptions {
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  weightDecay?: number;
}

function adamLike(name: string, options: AdamOptions, decoupled: boolean, defaultDecay: number): Optimizer {
  const {
    learningRate = 1e-3,
    beta1 = 0.9,
    beta2 = 0.999,
    epsilon = 1e-8,
    weightDecay = defaultDecay,
  } = options;
  if (!(beta1 < 1 && beta2 < 1))
    throw new ConfigError("optimizer/option", `${name}: beta1 and beta2 must be below 1`, {
      option: "beta1",
    });
  const known = ["beta1", "beta2", "epsilon", "weightDecay"];
  const rule: UpdateRule = { kind: "adam", beta1, beta2, epsilon, weightDecay, decoupled };
  return define(name, options, known, learningRate, ["exp_avg", "exp_avg_sq"], rule);
}

/** Adam (Kingma & Ba 2015). Defaults: learningRate 1e-3, beta1 0.9, beta2 0.999, epsilon 1e-8. */
export const adam = (options: AdamOptions = {}): Optimizer => adamLike("adam", options, false, 0);

/** Adam with decoupled weight decay (Loshchilov & Hutter 2019), default 0.01. */
export const adamw = (options: AdamOptions = {}): Optimizer => adamLike("adamw", options, true, 0.01);
