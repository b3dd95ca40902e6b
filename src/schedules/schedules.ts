// Learning-rate schedules: the rate as a formula of the step.
//
// Place: given as `learningRate` of an optimizer. A step is an update; a run of E epochs over R rows has E·⌈R/batch⌉.
// Invariant: a schedule is plain data, part of the checkpoint; numbers are PyTorch's, names Keras's where both have it.

import { ConfigError } from "../errors.ts";
import type { Expression } from "../graph/expression.ts";
import { useFormulas } from "./evaluate.ts";
import { usePlateaus } from "./plateau.ts";
import type { PlateauRule } from "./plateau-state.ts";

export interface Schedule {
  readonly rate: Expression;
  readonly plateau?: PlateauRule;
}

/** A schedule, and with it what evaluates it. */
function schedule(rate: Expression): Schedule {
  useFormulas();
  return { rate };
}

const bad = (name: string, option: string, expected: string, got: unknown): ConfigError =>
  new ConfigError("schedule/option", `${name}: ${option} must be ${expected}, got ${String(got)}`, {
    option,
  });

/** A finite number ≥ 0, or above 0. */
function amount(name: string, option: string, value: number, above = false): number {
  if (Number.isFinite(value) && (above ? value > 0 : value >= 0)) return value;
  throw bad(name, option, above ? "a finite number above 0" : "a finite number ≥ 0", value);
}

function count(name: string, option: string, value: number): number {
  if (Number.isInteger(value) && value > 0) return value;
  throw bad(name, option, "a positive whole number of steps", value);
}

/** from + (to − from)·(1 − cos πp)/2 */
const cosineBetween = (from: number, to: number, part: Expression): Expression => [
  "+",
  to,
  ["*", (from - to) / 2, ["+", 1, ["cosPi", part]]],
];
const lineBetween = (from: number, to: number, part: Expression): Expression => [
  "+",
  from,
  ["*", to - from, part],
];

/** rate · factor^⌊step / every⌋ (PyTorch's StepLR). */
export const stepDecay = (rate: number, options: { every: number; factor?: number }): Schedule =>
  schedule([
    "*",
    amount("stepDecay", "rate", rate),
    [
      "pow",
      amount("stepDecay", "factor", options.factor ?? 0.1),
      ["floor", ["/", "step", count("stepDecay", "every", options.every)]],
    ],
  ]);

/** rate · factor^(milestones passed); a milestone is the first step of the lower rate (MultiStepLR). */
export function multiStepDecay(
  rate: number,
  options: { milestones: readonly number[]; factor?: number },
): Schedule {
  const name = "multiStepDecay";
  const passed = options.milestones.map(
    (m): Expression => ["-", 1, ["less", "step", count(name, "milestones", m)]],
  );
  const factor = amount(name, "factor", options.factor ?? 0.1);
  const exponent = passed.reduce<Expression>((sum, one) => ["+", sum, one], 0);
  return schedule(["*", amount(name, "rate", rate), ["pow", factor, exponent]]);
}

/** rates[i] from boundaries[i − 1] on (Keras's PiecewiseConstantDecay): one more rate than boundaries. */
export function piecewiseConstant(boundaries: readonly number[], rates: readonly number[]): Schedule {
  const name = "piecewiseConstant";
  if (rates.length !== boundaries.length + 1)
    throw bad(name, "rates", `${boundaries.length + 1} numbers`, rates.length);
  if (boundaries.some((b, i) => i > 0 && b <= boundaries[i - 1]!))
    throw bad(name, "boundaries", "ascending", boundaries.join());
  for (const rate of rates) amount(name, "rates", rate);
  return schedule(
    boundaries.reduceRight<Expression>(
      (later, boundary, i) => ["if", ["less", "step", count(name, "boundaries", boundary)], rates[i]!, later],
      rates.at(-1)!,
    ),
  );
}

/** rate · factor^(step / every), every 1 (ExponentialLR); `staircase` takes the floor of the exponent. */
export function exponentialDecay(
  rate: number,
  options: { factor: number; every?: number; staircase?: boolean },
): Schedule {
  const name = "exponentialDecay";
  const { every = 1 } = options;
  const part: Expression = every === 1 ? "step" : ["/", "step", count(name, "every", every)];
  const exponent: Expression = options.staircase ? ["floor", part] : part;
  return schedule([
    "*",
    amount(name, "rate", rate),
    ["pow", amount(name, "factor", options.factor, true), exponent],
  ]);
}

/** rate / (1 + decay·step / every), every 1 (Keras's InverseTimeDecay). */
export const inverseTimeDecay = (rate: number, options: { decay: number; every?: number }): Schedule =>
  schedule([
    "/",
    amount("inverseTimeDecay", "rate", rate),
    [
      "+",
      1,
      [
        "*",
        amount("inverseTimeDecay", "decay", options.decay),
        ["/", "step", count("inverseTimeDecay", "every", options.every ?? 1)],
      ],
    ],
  ]);

/** end + (rate − end)·(1 − step/steps)^power, then end; power 1, end 0 (PolynomialLR). */
export function polynomialDecay(
  rate: number,
  options: { steps: number; power?: number; end?: number },
): Schedule {
  const name = "polynomialDecay";
  const { steps, power = 1, end = 0 } = options;
  const left: Expression = ["-", 1, ["/", ["min", "step", count(name, "steps", steps)], steps]];
  const scale: Expression = ["pow", left, amount(name, "power", power, true)];
  // 0 to a fractional power is 0, which e^(power·ln 0) also is.
  return schedule(["+", amount(name, "end", end), ["*", amount(name, "rate", rate) - end, scale]]);
}

/** rate·from … rate·to in a straight line over `steps`, then rate·to (LinearLR). */
export function linearRamp(rate: number, options: { steps: number; from: number; to?: number }): Schedule {
  const name = "linearRamp";
  const { steps, from, to = 1 } = options;
  const part: Expression = ["/", ["min", "step", count(name, "steps", steps)], steps];
  const factor = lineBetween(amount(name, "from", from), amount(name, "to", to), part);
  return schedule(["*", amount(name, "rate", rate), factor]);
}

/**
 * end + (rate − end)·(1 + cos(π·step/steps))/2, end 0 (CosineAnnealingLR). Behind `steps` it stays at `end`;
 * `repeat` goes on with the cosine, up again, as PyTorch does.
 */
export function cosineDecay(
  rate: number,
  options: { steps: number; end?: number; repeat?: boolean },
): Schedule {
  const name = "cosineDecay";
  const { steps, end = 0, repeat = false } = options;
  count(name, "steps", steps);
  const at: Expression = repeat ? "step" : ["min", "step", steps];
  return schedule(cosineBetween(amount(name, "rate", rate), amount(name, "end", end), ["/", at, steps]));
}

/** Cosine from rate to end again and again: the first cycle has `first` steps, each next one `factor` (1) times as many. */
export function cosineRestarts(
  rate: number,
  options: { first: number; factor?: number; end?: number },
): Schedule {
  const name = "cosineRestarts";
  const { first, factor = 1, end = 0 } = options;
  const part: Expression = ["cycle", count(name, "first", first), count(name, "factor", factor)];
  return schedule(cosineBetween(amount(name, "rate", rate), amount(name, "end", end), part));
}

/**
 * One cycle (Smith & Topin 2018): from maxRate/startFactor (25) up to maxRate at `peakAt` (0.3) of `steps`, down to
 * maxRate/startFactor/endFactor (1e4). `threePhase` comes down to the start first. Behind the end it stays there.
 */
export function oneCycle(
  maxRate: number,
  options: {
    steps: number;
    peakAt?: number;
    shape?: "cosine" | "linear";
    threePhase?: boolean;
    startFactor?: number;
    endFactor?: number;
  },
): Schedule {
  const name = "oneCycle";
  const {
    steps,
    peakAt = 0.3,
    shape = "cosine",
    threePhase = false,
    startFactor = 25,
    endFactor = 1e4,
  } = options;
  count(name, "steps", steps);
  amount(name, "maxRate", maxRate);
  if (!(peakAt > 0 && peakAt < 1)) throw bad(name, "peakAt", "between 0 and 1", peakAt);
  const start = maxRate / amount(name, "startFactor", startFactor, true);
  const least = start / amount(name, "endFactor", endFactor, true);
  const last = steps - 1;
  const peak = peakAt * steps - 1;
  const phases: [until: number, from: number, to: number][] = threePhase
    ? [
        [peak, start, maxRate],
        [2 * peak, maxRate, start],
        [last, start, least],
      ]
    : [
        [peak, start, maxRate],
        [last, maxRate, least],
      ];
  const between = shape === "linear" ? lineBetween : cosineBetween;
  const at: Expression = ["min", "step", last];
  const pieces = phases.map(([until, from, to], i): [number, Expression] => {
    const begin = i === 0 ? 0 : phases[i - 1]![0];
    return [until, between(from, to, ["/", ["-", at, begin], until - begin])];
  });
  return schedule(
    pieces
      .slice(0, -1)
      .reduceRight<Expression>(
        (later, [until, piece]) => ["if", ["less", until, "step"], later, piece],
        pieces.at(-1)![1],
      ),
  );
}

/**
 * Up and down between two rates in straight lines (Smith 2017): `up` steps up, `down` (default up) down. Mode
 * "triangular2" halves the height each cycle, "exponential" multiplies it by gamma^step.
 */
export function cyclical(
  low: number,
  high: number,
  options: { up: number; down?: number; mode?: "triangular" | "triangular2" | "exponential"; gamma?: number },
): Schedule {
  const name = "cyclical";
  const { up, down = up, mode = "triangular", gamma = 1 } = options;
  const total = count(name, "up", up) + count(name, "down", down);
  const at: Expression = ["mod", "step", total];
  const height: Expression = ["if", ["less", up, at], ["/", ["-", total, at], down], ["/", at, up]];
  const scale: Expression =
    mode === "triangular2"
      ? ["*", height, ["pow", 0.5, ["floor", ["/", "step", total]]]]
      : mode === "exponential"
        ? ["*", height, ["pow", amount(name, "gamma", gamma, true), "step"]]
        : height;
  return schedule(["+", amount(name, "low", low), ["*", amount(name, "high", high) - low, scale]]);
}

/** The formula with its step replaced. */
function shifted(e: Expression, step: Expression): Expression {
  if (e === "step") return step;
  if (typeof e === "number" || e === "rate") return e;
  const [op, ...args] = e;
  return [op, ...args.map((part) => shifted(part, step))];
}

/**
 * `steps` of a straight line from `from` (a share, default 0) of the first rate of another schedule, then that one.
 *
 * @example
 * adam({ learningRate: warmUp(100, cosineDecay(1e-3, { steps: 10_000 })) });
 */
export function warmUp(steps: number, then: number | Schedule, options: { from?: number } = {}): Schedule {
  const after = scheduleOf(then);
  const from = amount("warmUp", "from", options.from ?? 0);
  count("warmUp", "steps", steps);
  const first = shifted(after.rate, 0);
  const ramp: Expression = ["*", first, lineBetween(from, 1, ["/", "step", steps])];
  const later: Expression = shifted(after.rate, ["-", "step", steps]);
  if (JSON.stringify(after.rate).includes('"cycle"'))
    throw bad(
      "warmUp",
      "then",
      "a schedule whose cycles begin at step 0 of the training, without restarts",
      "restarts",
    );
  return { ...after, ...schedule(["if", ["less", "step", steps], ramp, later]) };
}

/**
 * Multiplies the rate by `factor` (0.1) when an epoch's validation loss (or loss, without validation) has not improved
 * for more than `patience` (10) epochs; waits `cooldown` epochs, never goes below `minRate` (ReduceLROnPlateau).
 */
export function reduceOnPlateau(
  rate: number | Schedule,
  options: Partial<Omit<PlateauRule, "relative">> & { thresholdMode?: "relative" | "absolute" } = {},
): Schedule {
  const name = "reduceOnPlateau";
  const { factor = 0.1, patience = 10, cooldown = 0, minRate = 0, mode = "min", threshold = 1e-4 } = options;
  if (!(factor > 0 && factor < 1)) throw bad(name, "factor", "between 0 and 1", factor);
  if (mode !== "min" && mode !== "max") throw bad(name, "mode", '"min" or "max"', mode);
  usePlateaus();
  return {
    ...scheduleOf(rate),
    plateau: {
      factor,
      patience: amount(name, "patience", patience),
      cooldown: amount(name, "cooldown", cooldown),
      minRate: amount(name, "minRate", minRate),
      mode,
      threshold: amount(name, "threshold", threshold),
      relative: options.thresholdMode !== "absolute",
    },
  };
}

/** A number is a rate that stays. */
export const scheduleOf = (rate: number | Schedule): Schedule => (typeof rate === "number" ? { rate } : rate);
