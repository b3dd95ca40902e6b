// Optimizers written as element-wise instructions over whole blocks of parameters.
//
// Place: factories of the public API; tape/elementwise.ts turns their instructions into unary and binary records, so
// they need no kernel of their own. Invariant: plain data; definitions and defaults are PyTorch's.

import { ConfigError } from "../errors.ts";
import type { Expression } from "../graph/expression.ts";
import type { Instruction } from "../graph/ops.ts";
import { type CommonOptions, define, type Optimizer } from "./optimizers.ts";

interface Recipe {
  readonly slots: readonly string[];
  /** Values that slots start with, where not 0. */
  readonly initial?: readonly number[];
  /** c0, c1, …: formulas of the step. */
  readonly scalars: readonly Expression[];
  readonly temporaries?: number;
  readonly program: readonly Instruction[];
}

function build(
  name: string,
  options: CommonOptions & object,
  known: readonly string[],
  rate: number,
  recipe: Recipe,
): Optimizer {
  const { slots, initial = [], scalars, temporaries = 1, program } = recipe;
  const rule = { kind: "elementwise" as const, slots: slots.length, temporaries, scalars, program };
  const optimizer = define(name, options, known, rate, slots, rule);
  return initial.length > 0 ? { ...optimizer, initial } : optimizer;
}

/** g += decay·w */
const decayed = (decay: number): Instruction[] =>
  decay > 0
    ? [
        ["affine", "t0", "w", decay, 0],
        ["add", "g", "g", "t0"],
      ]
    : [];

/** slot = keep·slot + add·source */
const average = (slot: string, keep: number, source: string, add: number): Instruction[] => [
  ["affine", slot, slot, keep, 0],
  ["affine", "t0", source, add, 0],
  ["add", slot, slot, "t0"],
  ["flush", slot],
];

/** slot = keep·slot + (1 − keep)·g² */
const averageSquare = (slot: string, keep: number, source = "g"): Instruction[] => [
  ["affine", slot, slot, keep, 0],
  ["square", "t0", source, 0, 0],
  ["affine", "t0", "t0", 1 - keep, 0],
  ["add", slot, slot, "t0"],
  ["flush", slot],
];

const T: Expression = ["+", "step", 1];
/** 1 − βᵗ */
const bias = (beta: number): Expression => ["-", 1, ["pow", beta, T]];

function below1(name: string, options: Readonly<Record<string, number>>): void {
  for (const [option, value] of Object.entries(options))
    if (!(value < 1))
      throw new ConfigError("optimizer/option", `${name}: ${option} must be below 1, got ${value}`, {
        option,
      });
}

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

export interface AdamFamilyOptions extends CommonOptions {
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  weightDecay?: number;
}

const FAMILY = ["beta1", "beta2", "epsilon", "weightDecay"];

function family(
  name: string,
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 }: AdamFamilyOptions,
) {
  below1(name, { beta1, beta2 });
  return { beta1, beta2, epsilon, weightDecay };
}

/** Adamax (Kingma & Ba 2015): u = max(β2·u, |g| + ε), w −= rate/(1 − β1ᵗ)·m/u. Rate 2e-3. */
export function adamax(options: AdamFamilyOptions = {}): Optimizer {
  const { beta1, beta2, epsilon, weightDecay } = family("adamax", options);
  return build("adamax", options, FAMILY, 2e-3, {
    slots: ["exp_avg", "exp_inf"],
    scalars: [["/", "rate", bias(beta1)]],
    program: [
      ...decayed(weightDecay),
      ...average("s0", beta1, "g", 1 - beta1),
      ["affine", "s1", "s1", beta2, 0],
      ["abs", "t0", "g", 0, 0],
      ["affine", "t0", "t0", 1, epsilon],
      ["max", "s1", "s1", "t0"],
      ["div", "t0", "s0", "s1"],
      ["mul", "t0", "t0", "c0"],
      ["sub", "w", "w", "t0"],
    ],
  });
}

/** NAdam (Dozat 2016), Adam with Nesterov's momentum. Rate 2e-3; β1's part at t is 1 − ½·0.96^(t·momentumDecay). */
export function nadam(options: AdamFamilyOptions & { momentumDecay?: number } = {}): Optimizer {
  const { beta1, beta2, epsilon, weightDecay } = family("nadam", options);
  const { momentumDecay = 4e-3 } = options;
  const mu = (t: Expression): Expression => [
    "*",
    beta1,
    ["-", 1, ["*", 0.5, ["pow", 0.96, ["*", t, momentumDecay]]]],
  ];
  const product: Expression = ["product", mu(T)];
  const next = mu(["+", "step", 2]);
  return build("nadam", options, [...FAMILY, "momentumDecay"], 2e-3, {
    slots: ["exp_avg", "exp_avg_sq"],
    scalars: [
      ["/", 1, ["sqrt", bias(beta2)]],
      ["/", ["*", "rate", ["-", 1, mu(T)]], ["-", 1, product]],
      ["/", ["*", "rate", next], ["-", 1, ["*", product, next]]],
    ],
    program: [
      ...decayed(weightDecay),
      ...average("s0", beta1, "g", 1 - beta1),
      ...averageSquare("s1", beta2),
      ["mul", "g", "g", "c1"],
      ["mul", "t0", "s0", "c2"],
      ["add", "g", "g", "t0"],
      ["sqrt", "t0", "s1", 0, 0],
      ["mul", "t0", "t0", "c0"],
      ["affine", "t0", "t0", 1, epsilon],
      ["div", "g", "g", "t0"],
      ["sub", "w", "w", "g"],
    ],
  });
}

/** RAdam (Liu et al. 2020): Adam whose step is plain momentum until the variance of its rate is known (ρ > 5). */
export function radam(options: AdamFamilyOptions = {}): Optimizer {
  const { beta1, beta2, epsilon, weightDecay } = family("radam", options);
  const most = 2 / (1 - beta2) - 1;
  const rho: Expression = ["-", most, ["/", ["*", ["*", 2, T], ["pow", beta2, T]], bias(beta2)]];
  const rectified: Expression = ["less", 5, rho];
  const squared: Expression = [
    "/",
    ["*", ["*", ["-", rho, 4], ["-", rho, 2]], most],
    ["*", rho, (most - 4) * (most - 2)],
  ];
  const rate: Expression = ["/", "rate", bias(beta1)];
  return build("radam", options, FAMILY, 1e-3, {
    slots: ["exp_avg", "exp_avg_sq"],
    scalars: [
      ["if", rectified, 0, rate],
      ["if", rectified, ["*", rate, ["sqrt", ["*", squared, bias(beta2)]]], 0],
    ],
    program: [
      ...decayed(weightDecay),
      ...average("s0", beta1, "g", 1 - beta1),
      ...averageSquare("s1", beta2),
      ["sqrt", "t0", "s1", 0, 0],
      ["affine", "t0", "t0", 1, epsilon],
      ["reciprocal", "t0", "t0", 0, 0],
      ["mul", "t0", "t0", "c1"],
      ["add", "t0", "t0", "c0"],
      ["mul", "t0", "t0", "s0"],
      ["sub", "w", "w", "t0"],
    ],
  });
}

/** AMSGrad (Reddi et al. 2018): Adam by the largest v so far. `decoupled` decays weights as AdamW does. Rate 1e-3. */
export function amsgrad(options: AdamFamilyOptions & { decoupled?: boolean } = {}): Optimizer {
  const { beta1, beta2, epsilon, weightDecay } = family("amsgrad", options);
  const decoupled = options.decoupled === true;
  return build("amsgrad", options, [...FAMILY, "decoupled"], 1e-3, {
    slots: ["exp_avg", "exp_avg_sq", "max_exp_avg_sq"],
    scalars: [
      ["/", 1, ["sqrt", bias(beta2)]],
      ["/", "rate", bias(beta1)],
      ["-", 1, ["*", "rate", weightDecay]],
    ],
    program: [
      ...(decoupled ? ([["mul", "w", "w", "c2"]] satisfies Instruction[]) : decayed(weightDecay)),
      ...average("s0", beta1, "g", 1 - beta1),
      ...averageSquare("s1", beta2),
      ["max", "s2", "s2", "s1"],
      ["sqrt", "t0", "s2", 0, 0],
      ["mul", "t0", "t0", "c0"],
      ["affine", "t0", "t0", 1, epsilon],
      ["div", "t0", "s0", "t0"],
      ["mul", "t0", "t0", "c1"],
      ["sub", "w", "w", "t0"],
    ],
  });
}

/** Lion (Chen et al. 2023): w −= rate·(sign(β1·m + (1 − β1)g) + decay·w), m = β2·m + (1 − β2)g. Rate 1e-4, β 0.9, 0.99. */
export function lion(options: Omit<AdamFamilyOptions, "epsilon"> = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.99, weightDecay = 0 } = options;
  below1("lion", { beta1, beta2 });
  return build("lion", options, ["beta1", "beta2", "weightDecay"], 1e-4, {
    slots: ["exp_avg"],
    scalars: ["rate", ["-", 1, ["*", "rate", weightDecay]]],
    temporaries: 2,
    program: [
      ["mul", "w", "w", "c1"],
      ["affine", "t1", "s0", beta1, 0],
      ["affine", "t0", "g", 1 - beta1, 0],
      ["add", "t1", "t1", "t0"],
      ["sign", "t1", "t1", 0, 0],
      ["mul", "t1", "t1", "c0"],
      ["sub", "w", "w", "t1"],
      ...average("s0", beta2, "g", 1 - beta2),
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
