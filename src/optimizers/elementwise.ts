// Optimizers with a step size per weight, and momentum with dampening: Adagrad, Adadelta, RMSprop, Rprop.
//
// Place: factories of the public API, written in the instructions of recipe.ts.
// Invariant: plain data; definitions and defaults are PyTorch's.

import type { Instruction } from "../graph/ops.ts";
import type { CommonOptions, Optimizer } from "./optimizers.ts";
import { average, averageSquare, below1, build, decayed } from "./recipe.ts";

export interface AdagradOptions extends CommonOptions {
  rateDecay?: number;
  initialAccumulator?: number;
  epsilon?: number;
  weightDecay?: number;
}

/** Adagrad (Duchi et al. 2011): s += g², w −= rate/(1 + (t − 1)·rateDecay) · g/(√s + ε). Rate 0.01, epsilon 1e-10. */
export function adagrad(options: AdagradOptions = {}): Optimizer {
  const { rateDecay = 0, initialAccumulator = 0, epsilon = 1e-10, weightDecay = 0 } = options;
  return build("adagrad", options, ["rateDecay", "initialAccumulator", "epsilon", "weightDecay"], 0.01, {
    slots: ["sum"],
    initial: [initialAccumulator],
    scalars: [["/", "rate", ["+", 1, ["*", "step", rateDecay]]]],
    program: [
      ...decayed(weightDecay),
      ["square", "t0", "g", 0, 0],
      ["add", "s0", "s0", "t0"],
      ["flush", "s0"],
      ["sqrt", "t0", "s0", 0, 0],
      ["affine", "t0", "t0", 1, epsilon],
      ["div", "g", "g", "t0"],
      ["mul", "g", "g", "c0"],
      ["sub", "w", "w", "g"],
    ],
  });
}

export interface AdadeltaOptions extends CommonOptions {
  rho?: number;
  epsilon?: number;
  weightDecay?: number;
}

/** Adadelta (Zeiler 2012): steps in units of past steps, √(E[Δ²] + ε)/√(E[g²] + ε)·g. Rate 1, rho 0.9, epsilon 1e-6. */
export function adadelta(options: AdadeltaOptions = {}): Optimizer {
  const { rho = 0.9, epsilon = 1e-6, weightDecay = 0 } = options;
  below1("adadelta", { rho });
  return build("adadelta", options, ["rho", "epsilon", "weightDecay"], 1, {
    slots: ["square_avg", "acc_delta"],
    scalars: ["rate"],
    temporaries: 2,
    program: [
      ...decayed(weightDecay),
      ...averageSquare("s0", rho),
      ["affine", "t0", "s1", 1, epsilon],
      ["affine", "t1", "s0", 1, epsilon],
      ["div", "t0", "t0", "t1"],
      ["sqrt", "t0", "t0", 0, 0],
      ["mul", "g", "g", "t0"],
      ...averageSquare("s1", rho),
      ["mul", "g", "g", "c0"],
      ["sub", "w", "w", "g"],
    ],
  });
}

export interface RmspropOptions extends CommonOptions {
  rho?: number;
  epsilon?: number;
  momentum?: number;
  centered?: boolean;
  weightDecay?: number;
}

/** RMSprop: v = rho·v + (1 − rho)g², w −= rate·g/(√v + ε); `centered` subtracts the squared mean. Rate 0.01, rho 0.99. */
export function rmsprop(options: RmspropOptions = {}): Optimizer {
  const { rho = 0.99, epsilon = 1e-8, momentum = 0, centered = false, weightDecay = 0 } = options;
  below1("rmsprop", { rho });
  const slots = [
    "square_avg",
    ...(centered ? ["grad_avg"] : []),
    ...(momentum > 0 ? ["momentum_buffer"] : []),
  ];
  const buffer = `s${slots.length - 1}`;
  return build("rmsprop", options, ["rho", "epsilon", "momentum", "centered", "weightDecay"], 0.01, {
    slots,
    scalars: ["rate"],
    program: [
      ...decayed(weightDecay),
      ...averageSquare("s0", rho),
      ...(centered
        ? ([
            ...average("s1", rho, "g", 1 - rho),
            ["square", "t0", "s1", 0, 0],
            ["sub", "t0", "s0", "t0"],
            // Rounding may leave a variance a little below 0.
            ["relu", "t0", "t0", 0, 0],
            ["sqrt", "t0", "t0", 0, 0],
          ] satisfies Instruction[])
        : ([["sqrt", "t0", "s0", 0, 0]] satisfies Instruction[])),
      ["affine", "t0", "t0", 1, epsilon],
      ["div", "g", "g", "t0"],
      ...(momentum > 0
        ? ([
            ["affine", buffer, buffer, momentum, 0],
            ["add", buffer, buffer, "g"],
            ["flush", buffer],
            ["mul", "g", buffer, "c0"],
          ] satisfies Instruction[])
        : ([["mul", "g", "g", "c0"]] satisfies Instruction[])),
      ["sub", "w", "w", "g"],
    ],
  });
}

/**
 * Rprop (Riedmiller & Braun 1993): each weight has a step size of its own, which grows by etaPlus while the gradient
 * keeps its sign and shrinks by etaMinus when it changes. For full batches. The rate is the first step size.
 */
export function rprop(
  options: Omit<CommonOptions, "learningRate"> & {
    learningRate?: number;
    etaMinus?: number;
    etaPlus?: number;
    minStep?: number;
    maxStep?: number;
  } = {},
): Optimizer {
  const { learningRate = 0.01, etaMinus = 0.5, etaPlus = 1.2, minStep = 1e-6, maxStep = 50 } = options;
  return build("rprop", options, ["etaMinus", "etaPlus", "minStep", "maxStep"], 0.01, {
    slots: ["prev", "step_size"],
    initial: [0, learningRate],
    scalars: [],
    temporaries: 2,
    program: [
      ["mul", "t0", "g", "s0"],
      ["sign", "t0", "t0", 0, 0],
      // t1 = 1 where the sign has changed
      ["affine", "t1", "t0", -1, 0],
      ["relu", "t1", "t1", 0, 0],
      ["relu", "t0", "t0", 0, 0],
      ["affine", "t0", "t0", etaPlus - 1, 1],
      ["mul", "s1", "s1", "t0"],
      ["affine", "t0", "t1", etaMinus - 1, 1],
      ["mul", "s1", "s1", "t0"],
      ["clamp", "s1", "s1", minStep, maxStep],
      ["affine", "t1", "t1", -1, 1],
      ["mul", "g", "g", "t1"],
      ["affine", "s0", "g", 1, 0],
      ["sign", "t0", "g", 0, 0],
      ["mul", "t0", "t0", "s1"],
      ["sub", "w", "w", "t0"],
    ],
  });
}

/** Momentum with PyTorch's dampening: v = g at first, then momentum·v + (1 − dampening)·g; w −= rate·v. Rate 0.01. */
export function dampenedSgd(
  options: CommonOptions & { momentum?: number; dampening?: number; weightDecay?: number } = {},
): Optimizer {
  const { momentum = 0.9, dampening = 0, weightDecay = 0 } = options;
  return build("dampenedSgd", options, ["momentum", "dampening", "weightDecay"], 0.01, {
    slots: ["velocity"],
    scalars: ["rate", ["if", ["less", 0, "step"], 1 - dampening, 1]],
    program: [
      ...decayed(weightDecay),
      ["affine", "s0", "s0", momentum, 0],
      ["mul", "g", "g", "c1"],
      ["add", "s0", "s0", "g"],
      ["flush", "s0"],
      ["mul", "t0", "s0", "c0"],
      ["sub", "w", "w", "t0"],
    ],
  });
}
