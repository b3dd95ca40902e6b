// Relatives of Adam: Adamax, NAdam, RAdam, AMSGrad, and Lion.
//
// Place: factories of the public API, written in the instructions of recipe.ts.
// Invariant: plain data; definitions and defaults are PyTorch's (Lion: its paper's).

import type { Expression } from "../graph/expression.ts";
import type { Instruction } from "../graph/ops.ts";
import type { CommonOptions, Optimizer } from "./optimizers.ts";
import { average, averageSquare, below1, bias, build, decayed, T } from "./recipe.ts";

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
