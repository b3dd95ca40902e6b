// Runs `optimizer` cases: gradient sequences through the update records of the core.
//
// Place: one kind of the golden runner. The loss is Σ gradient · parameter, so that autodiff's gradient of a step is
// exactly the sequence's; clipping and update are the effects that training appends.
// Invariant: options come from the library's own factories, which refuse what they do not know.

import { gradients } from "../../src/autodiff/gradients.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { AnyNode } from "../../src/graph/ops.ts";
import { adamax, amsgrad, nadam, radam } from "../../src/optimizers/adam-family.ts";
import { adadelta, adagrad, dampenedSgd, rmsprop, rprop } from "../../src/optimizers/elementwise.ts";
import { adam, adamw, type Optimizer, sgd } from "../../src/optimizers/optimizers.ts";
import { formulaOf } from "../../src/schedules/evaluate.ts";
import { disagreement, tolerance } from "../reference/agreement.ts";
import { GraphProgram } from "../run-graph.ts";
import {
  type Attributes,
  type GoldenCase,
  type GoldenTensor,
  Missing,
  refuseOptions,
  supported,
  Wrong,
} from "./cases.ts";

export interface OptimizerCase extends GoldenCase {
  readonly optimizer: Attributes & { readonly type: string };
  readonly param_groups?: readonly Attributes[];
  readonly clip?: Clip;
  readonly grad_norms?: readonly number[];
  readonly params: readonly GoldenTensor[];
  readonly grads: readonly (readonly GoldenTensor[])[];
  readonly params_after: readonly (readonly GoldenTensor[])[];
}

interface Clip {
  readonly type: "norm" | "value";
  readonly max: number;
  readonly p?: number | "inf";
}

interface Settings {
  readonly clipNorm?: number;
  readonly clipNormKind?: 1 | 2 | "max";
  readonly clipValue?: number;
}

const known = (options: Attributes, names: readonly string[]) =>
  refuseOptions(options, ["type", "lr", "weight_decay", ...names], "optimizer", String(options.type));

const COMMON = { lr: "learningRate", weight_decay: "weightDecay" };

/** Options under the library's names, those that are given. */
const renamed = (o: Attributes, names: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(names).flatMap(([theirs, ours]) => (o[theirs] === undefined ? [] : [[ours, o[theirs]]])),
  );

const adamOptions = (o: Attributes, settings: Settings) => {
  known(o, ["betas", "eps", "amsgrad", "momentum_decay"]);
  const [beta1, beta2] = (o.betas ?? [0.9, 0.999]) as [number, number];
  return {
    beta1,
    beta2,
    ...(o.lr !== undefined && { learningRate: o.lr as number }),
    ...(o.eps !== undefined && { epsilon: o.eps as number }),
    ...(o.weight_decay !== undefined && { weightDecay: o.weight_decay as number }),
    ...settings,
  };
};

/** PyTorch's optimizers that the library has. */
export const OPTIMIZERS: Readonly<Record<string, (o: Attributes, settings: Settings) => Optimizer>> = {
  SGD: (o, settings) => {
    known(o, ["momentum", "nesterov", "maximize", "dampening"]);
    if (o.dampening)
      return dampenedSgd({
        ...renamed(o, { lr: "learningRate", momentum: "momentum", weight_decay: "weightDecay" }),
        dampening: o.dampening as number,
        ...settings,
      });
    return sgd({
      learningRate: o.lr as number,
      momentum: (o.momentum ?? 0) as number,
      nesterov: o.nesterov === true,
      weightDecay: (o.weight_decay ?? 0) as number,
      ...settings,
    });
  },
  Adam: (o, settings) => (o.amsgrad ? amsgrad : adam)(adamOptions(o, settings)),
  AdamW: (o, settings) =>
    o.amsgrad
      ? amsgrad({ weightDecay: 0.01, ...adamOptions(o, settings), decoupled: true })
      : adamw(adamOptions(o, settings)),
  Adamax: (o, settings) => adamax(adamOptions(o, settings)),
  NAdam: (o, settings) =>
    nadam({ ...adamOptions(o, settings), ...renamed(o, { momentum_decay: "momentumDecay" }) }),
  RAdam: (o, settings) => radam(adamOptions(o, settings)),
  RMSprop: (o, settings) => {
    const names = { alpha: "rho", eps: "epsilon", momentum: "momentum", centered: "centered" };
    known(o, Object.keys(names));
    return rmsprop({ ...renamed(o, { ...names, ...COMMON }), ...settings });
  },
  Adagrad: (o, settings) => {
    const names = {
      lr_decay: "rateDecay",
      initial_accumulator_value: "initialAccumulator",
      eps: "epsilon",
    };
    known(o, Object.keys(names));
    return adagrad({ ...renamed(o, { ...names, ...COMMON }), ...settings });
  },
  Adadelta: (o, settings) => {
    known(o, ["rho", "eps"]);
    return adadelta({ ...renamed(o, { rho: "rho", eps: "epsilon", ...COMMON }), ...settings });
  },
  Rprop: (o, settings) => {
    known(o, ["etas"]);
    const [etaMinus, etaPlus] = (o.etas ?? [0.5, 1.2]) as [number, number];
    return rprop({ ...renamed(o, { lr: "learningRate" }), etaMinus, etaPlus, ...settings });
  },
};

function clipOf(clip: Clip | undefined): Settings {
  if (!clip) return {};
  if (clip.type === "value") return { clipValue: clip.max };
  const kind = clip.p === "inf" ? "max" : (clip.p ?? 2);
  if (kind !== "max" && kind !== 1 && kind !== 2)
    throw new Missing("optimizer", `clipping by the ${clip.p}-norm`);
  return { clipNorm: clip.max, clipNormKind: kind };
}

/** A graph that feeds given gradients to an optimizer. */
function programOf(params: readonly GoldenTensor[], optimizer: Optimizer, sign: number): GraphProgram {
  const b = new GraphBuilder();
  const weights = params.map((p, i) => b.add("parameter", [], { name: `w${i}`, shape: p.shape }));
  const terms = weights.map((w, i) => {
    const g = b.add("input", [], { name: `g${i}`, role: "x", shape: w.shape, dtype: "f32" });
    return b.affine(b.reduceAll("sum", b.mul(w, g)), sign);
  });
  const loss = terms.reduce((p: AnyNode, q) => b.addUp(p, q));
  const grads = gradients(b, loss, weights);
  b.add("guard", [loss], { gradients: true });
  const { clipNorm, clipNormKind: norm, clipValue, rule, slots } = optimizer;
  if (clipValue !== undefined) b.add("clipByValue", [], { limit: clipValue });
  if (clipNorm !== undefined) b.add("clipByNorm", [], { limit: clipNorm, ...(norm && { norm }) });
  b.add("update", [], { rule, group: 0 });
  const named = new Map(grads.map((g, i) => [`w${i}`, g]));
  const elementwise = rule.kind === "elementwise" ? rule : { temporaries: 0, scalars: [] };
  return new GraphProgram({
    ...{ graph: b, outputs: [], gradients: named },
    slotCount: slots.length + elementwise.temporaries,
    rateWidth: 1 + elementwise.scalars.length,
    initial: optimizer.initial ?? [],
  });
}

/** Checks a run over some of the parameters, given by their positions. */
function check(
  c: OptimizerCase,
  options: Attributes,
  positions: readonly number[],
  clip: Settings,
): string[] {
  const optimizer = supported(OPTIMIZERS, "optimizer", c.optimizer.type)(options, clip);
  const params = positions.map((i) => c.params[i]!);
  // Maximizing is minimizing the negative.
  const program = programOf(params, optimizer, options.maximize === true ? -1 : 1);
  program.feed(Object.fromEntries(params.map((p, i) => [`w${i}`, p.data])));
  const tol = tolerance(c.torch_f32_err?.params_after ?? 0);
  const moved = Math.max(2e-4, 8 * (c.torch_f32_err?.update ?? 0));
  const wrong: string[] = [];
  const rate = formulaOf(optimizer.learningRate);
  const { rule } = optimizer;
  const scalars = rule.kind === "elementwise" ? rule.scalars.map(formulaOf) : [];
  c.grads.forEach((step, k) => {
    program.feed(Object.fromEntries(positions.map((at, i) => [`g${i}`, step[at]!.data])));
    const now = rate(k, 0);
    program.run(
      now,
      scalars.map((scalar) => scalar(k, now)),
    );
    positions.forEach((at, i) => {
      const want = c.params_after[k]![at]!.data;
      const before = c.params[at]!.data;
      const got = Array.from(program.readNamed(`w${i}`));
      const difference = (values: readonly number[]) => values.map((v, j) => v - before[j]!);
      const message =
        disagreement(got, want, tol) ?? disagreement(difference(got), difference([...want]), moved);
      if (message) wrong.push(`step ${k}, parameter ${at}: ${message}`);
    });
  });
  return wrong;
}

export function runOptimizerCase(c: OptimizerCase): void {
  const clip = clipOf(c.clip);
  const all = c.params.map((_, i) => i);
  // Without clipping over all of them, groups do not touch one another: each is a run of its own.
  if (c.param_groups && c.clip) throw new Missing("optimizer", "clipping across parameter groups");
  const wrong = c.param_groups
    ? c.param_groups.flatMap((group, i) => check(c, { ...c.optimizer, ...group }, [i], clip))
    : check(c, c.optimizer, all, clip);
  if (wrong.length > 0) throw new Wrong(wrong.slice(0, 3).join("; "));
}
