// Optimizers: the rule of an update and what it keeps between steps.
//
// Place: compile.ts appends the rule to the training graph; the core's kernels do the arithmetic.
// Invariant: an optimizer is plain data. Definitions and defaults are PyTorch's.

import { ConfigError } from "../errors.ts";
import type { Expression } from "../graph/expression.ts";
import type { UpdateRule } from "../graph/ops.ts";
import type { PlateauRule } from "../schedules/plateau-state.ts";
import type { Schedule } from "../schedules/schedules.ts";

/** Plain data; checkpoints keep it as it is. */
export interface Optimizer {
  readonly name: string;
  /** A constant, or a schedule's formula of the step. */
  readonly learningRate: Expression;
  readonly plateau?: PlateauRule;
  readonly rule: UpdateRule;
  /** Tensors kept per parameter. */
  readonly slots: readonly string[];
  /** Value each slot starts with; 0 where absent. */
  readonly initial?: readonly number[];
  /** Scales all gradients so that their joint 2-norm is at most this. */
  readonly clipNorm?: number;
  /** Which norm; 2 where absent. */
  readonly clipNormKind?: 1 | "max";
  /** The norm of each tensor's gradient by itself. */
  readonly clipNormPer?: "tensor";
  /** Clamps every gradient to ± this. */
  readonly clipValue?: number;
  /** Ascends. */
  readonly maximize?: boolean;
  readonly groups?: readonly ParameterGroup[];
  /** Updates in every step of so many; the sum is the slot "accumulated". */
  readonly accumulate?: number;
  /** Behind the update: what the slot "average" becomes. */
  readonly average?: UpdateRule;
}

/** A group as checkpoints keep it. */
export interface ParameterGroup {
  readonly layers?: readonly string[];
  readonly parameters?: readonly string[];
  readonly rule: UpdateRule;
  readonly rateMultiplier?: number;
  readonly learningRate?: Expression;
  readonly frozen?: boolean;
}

export interface CommonOptions {
  /** A number, or a schedule such as `cosineDecay(1e-3, { steps: 10_000 })`. */
  learningRate?: number | Schedule;
  /** Scales all gradients so that their joint norm is at most this. */
  clipNorm?: number;
  /** The norm of `clipNorm`: 2 (default), 1, or "max" for the largest absolute value. */
  clipNormKind?: 1 | 2 | "max";
  /** "tensor": `clipNorm` holds for the gradient of each tensor by itself. Default: for all of them together. */
  clipNormPer?: "tensor";
  /** Clamps every gradient to ± this. */
  clipValue?: number;
  /** Makes the loss as large as it gets, by the negative gradient. */
  maximize?: boolean;
}

export function define(
  name: string,
  options: CommonOptions & object,
  known: readonly string[],
  learningRate: number,
  slots: readonly string[],
  rule: UpdateRule,
): Optimizer {
  const all = ["learningRate", "clipNorm", "clipNormKind", "clipNormPer", "clipValue", "maximize", ...known];
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
  const { learningRate: given = learningRate, clipNormKind = 2 } = options;
  if (![1, 2, "max"].includes(clipNormKind))
    throw new ConfigError("optimizer/option", `${name}: clipNormKind must be 1, 2 or "max"`, {
      option: "clipNormKind",
    });
  if (options.clipNormPer && (options.clipNormPer !== "tensor" || options.clipNorm === undefined))
    throw new ConfigError("optimizer/option", `${name}: clipNormPer must be "tensor", beside a clipNorm`, {
      option: "clipNormPer",
    });
  const schedule: Schedule = typeof given === "number" ? { rate: given } : given;
  return {
    name,
    learningRate: schedule.rate,
    ...(schedule.plateau && { plateau: schedule.plateau }),
    ...(options.clipNorm !== undefined && clipNormKind !== 2 && { clipNormKind }),
    rule,
    slots,
    ...(options.clipNorm !== undefined && { clipNorm: options.clipNorm }),
    ...(options.clipNormPer && { clipNormPer: options.clipNormPer }),
    ...(options.clipValue !== undefined && { clipValue: options.clipValue }),
    ...(options.maximize && { maximize: true }),
  };
}

export interface SgdOptions extends CommonOptions {
  momentum?: number;
  nesterov?: boolean;
  weightDecay?: number;
}

/** Gradient descent: v = momentum·v + g, w −= rate·v. Defaults: learningRate 0.01, momentum 0. */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { momentum = 0, nesterov = false, weightDecay = 0 } = options;
  if (nesterov && momentum === 0)
    throw new ConfigError("optimizer/option", "sgd: nesterov needs a momentum above 0", {
      option: "nesterov",
    });
  const known = ["momentum", "nesterov", "weightDecay"];
  const slots = momentum > 0 ? ["velocity"] : [];
  return define("sgd", options, known, 0.01, slots, { kind: "sgd", momentum, nesterov, weightDecay });
}

export interface AdamOptions extends CommonOptions {
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  weightDecay?: number;
}

function adamLike(name: string, options: AdamOptions, decoupled: boolean, defaultDecay: number): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = defaultDecay } = options;
  if (!(beta1 < 1 && beta2 < 1))
    throw new ConfigError("optimizer/option", `${name}: beta1 and beta2 must be below 1`, {
      option: "beta1",
    });
  const known = ["beta1", "beta2", "epsilon", "weightDecay"];
  const rule: UpdateRule = { kind: "adam", beta1, beta2, epsilon, weightDecay, decoupled };
  return define(name, options, known, 1e-3, ["exp_avg", "exp_avg_sq"], rule);
}

/** Adam (Kingma & Ba 2015). Defaults: learningRate 1e-3, beta1 0.9, beta2 0.999, epsilon 1e-8. */
export const adam = (options: AdamOptions = {}): Optimizer => adamLike("adam", options, false, 0);

/** Adam with decoupled weight decay (Loshchilov & Hutter 2019), default 0.01. */
export const adamw = (options: AdamOptions = {}): Optimizer => adamLike("adamw", options, true, 0.01);
