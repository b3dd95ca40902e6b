// Runs `scheduler` cases: the rate of every step by the library's schedules.
//
// Place: one kind of the golden runner. Invariant: rates agree to 1e-9, relative.

import { formulaOf } from "../../src/schedules/evaluate.ts";
import { afterEpoch } from "../../src/schedules/plateau.ts";
import { FRESH } from "../../src/schedules/plateau-state.ts";
import {
  cosineDecay,
  cosineRestarts,
  cyclical,
  exponentialDecay,
  linearRamp,
  multiStepDecay,
  oneCycle,
  piecewiseConstant,
  polynomialDecay,
  reduceOnPlateau,
  type Schedule,
  stepDecay,
  warmUp,
} from "../../src/schedules/schedules.ts";
import { type Attributes, type GoldenCase, Missing, supported, Wrong } from "./cases.ts";

type Spec = Attributes & { readonly type: string };

export interface SchedulerCase extends GoldenCase {
  readonly scheduler: Spec;
  readonly base_lr: number;
  readonly metrics?: readonly number[];
  readonly lr: readonly number[];
}

const n = (spec: Spec, key: string, fallback?: number): number => (spec[key] ?? fallback) as number;

const SCHEDULES: Readonly<Record<string, (base: number, s: Spec) => Schedule>> = {
  StepLR: (base, s) => stepDecay(base, { every: n(s, "step_size"), factor: n(s, "gamma") }),
  MultiStepLR: (base, s) =>
    multiStepDecay(base, { milestones: s.milestones as number[], factor: n(s, "gamma") }),
  ExponentialLR: (base, s) => exponentialDecay(base, { factor: n(s, "gamma") }),
  ConstantLR: (base, s) => piecewiseConstant([n(s, "total_iters")], [base * n(s, "factor"), base]),
  LinearLR: (base, s) =>
    linearRamp(base, { steps: n(s, "total_iters"), from: n(s, "start_factor"), to: n(s, "end_factor") }),
  PolynomialLR: (base, s) => polynomialDecay(base, { steps: n(s, "total_iters"), power: n(s, "power") }),
  CosineAnnealingLR: (base, s) =>
    cosineDecay(base, { steps: n(s, "T_max"), end: n(s, "eta_min"), repeat: true }),
  CosineAnnealingWarmRestarts: (base, s) =>
    cosineRestarts(base, { first: n(s, "T_0"), factor: n(s, "T_mult"), end: n(s, "eta_min") }),
  OneCycleLR: (_, s) =>
    oneCycle(n(s, "max_lr"), {
      steps: n(s, "total_steps"),
      peakAt: n(s, "pct_start"),
      shape: s.anneal_strategy === "linear" ? "linear" : "cosine",
      threePhase: s.three_phase === true,
      startFactor: n(s, "div_factor"),
      endFactor: n(s, "final_div_factor"),
    }),
  CyclicLR: (_, s) =>
    cyclical(n(s, "base_lr"), n(s, "max_lr"), {
      up: n(s, "step_size_up"),
      down: n(s, "step_size_down"),
      mode: s.mode === "exp_range" ? "exponential" : (s.mode as "triangular" | "triangular2"),
      gamma: n(s, "gamma"),
    }),
  ReduceLROnPlateau: (base, s) =>
    reduceOnPlateau(base, {
      mode: s.mode as "min" | "max",
      factor: n(s, "factor"),
      patience: n(s, "patience"),
      cooldown: n(s, "cooldown", 0),
      minRate: n(s, "min_lr", 0),
      threshold: n(s, "threshold", 1e-4),
      thresholdMode: s.threshold_mode === "abs" ? "absolute" : "relative",
    }),
  SequentialLR: (base, s) => {
    const [first, second] = s.schedulers as [Spec, Spec];
    const [at] = s.milestones as [number];
    if (first.type !== "LinearLR" || n(first, "total_iters") !== at || n(first, "end_factor") !== 1)
      throw new Missing("schedule", `a sequence that begins with ${first.type}`);
    return warmUp(at, supported(SCHEDULES, "schedule", second.type)(base, second), {
      from: n(first, "start_factor"),
    });
  },
};

export function runSchedulerCase(c: SchedulerCase): void {
  const schedule = supported(SCHEDULES, "schedule", c.scheduler.type)(c.base_lr, c.scheduler);
  const rate = formulaOf(schedule.rate);
  let state = FRESH;
  c.lr.forEach((want, step) => {
    const got = rate(step, 0) * state.scale;
    if (!(Math.abs(got - want) <= 1e-9 * Math.abs(want) + 1e-17))
      throw new Wrong(`step ${step}: ${got} instead of ${want}`);
    if (schedule.plateau) state = afterEpoch(state, schedule.plateau, c.metrics![step]!, rate(step + 1, 0));
  });
}
