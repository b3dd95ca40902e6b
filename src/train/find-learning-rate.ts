// The learning-rate range test (Smith 2017): a short training whose rate rises each step, and what its losses say.
//
// Place: a free function over a core; only apps that import it carry it. Invariant: it trains a trainer of its own, so
// the caller's weights stay; the points and the suggestion have the same bits everywhere.

import { permutation } from "../data/split.ts";
import { ConfigError, CoreError } from "../errors.ts";
import type { Expression } from "../graph/expression.ts";
import { formulaOf, useFormulas } from "../schedules/evaluate.ts";
import type { BaseTrainer } from "./base-trainer.ts";
import { type Arrays, type DataSet, type Feed, feedsOf } from "./feeds.ts";
import type { TrainerOptions } from "./options.ts";
import { yieldToEventLoop } from "./yield.ts";

export interface LearningRateSearchOptions {
  /** First rate, default 1e-6. */
  from?: number;
  /** Last rate, default 10. */
  to?: number;
  /** Updates from the first to the last, default 100. */
  steps?: number;
  /** Share of the past in the smoothed loss, default 0.9. */
  smoothing?: number;
  /** Stops where the smoothed loss is so many times the least. Default 4. */
  divergeAt?: number;
  signal?: AbortSignal;
}

export interface LearningRatePoint {
  readonly learningRate: number;
  readonly loss: number;
  readonly smoothed: number;
}

export interface LearningRateSearch {
  /** The curve, rate ascending. */
  readonly points: readonly LearningRatePoint[];
  /** Rate to begin with; null where the losses say nothing. */
  readonly suggestion: number | null;
  /** Where the loss falls fastest, and where it is least. */
  readonly steepest: number | null;
  readonly minimum: number | null;
  readonly reason: string;
}

interface MakesTrainers {
  trainer(model: TrainerOptions["model"], options: Omit<TrainerOptions, "model">): BaseTrainer;
}

/** Slopes are taken over so many points to each side, so that one batch does not decide. */
const REACH = 3;
/** A fall of less than this share of the loss, over both sides, is noise. */
const LEAST_FALL = 1e-3;

/**
 * Trains with a rate that rises from step to step and suggests one: where the smoothed loss falls fastest, at most a
 * tenth of the rate where it is least.
 *
 * @example
 * const { suggestion, points, reason } = await findLearningRate(core, model, { loss: mse(), optimizer: adam() }, { x, y });
 * @throws ConfigError for a range that is empty; data is checked as `fit` does
 */
export async function findLearningRate(
  core: MakesTrainers,
  model: TrainerOptions["model"],
  options: Omit<TrainerOptions, "model">,
  data: DataSet,
  search: LearningRateSearchOptions = {},
): Promise<LearningRateSearch> {
  const { from = 1e-6, to = 10, steps = 100, smoothing = 0.9, divergeAt = 4, signal } = search;
  const refuse = (option: string, expected: string, got: number) =>
    new ConfigError("find-lr/option", `findLearningRate: ${option} must be ${expected}, got ${got}`, {
      option,
    });
  if (!(from > 0 && Number.isFinite(from))) throw refuse("from", "a finite number above 0", from);
  if (!(to > from && Number.isFinite(to))) throw refuse("to", `a finite number above from = ${from}`, to);
  if (!(Number.isInteger(steps) && steps >= 10 && steps <= 100_000))
    throw refuse("steps", "a whole number from 10 to 100000", steps);
  if (!(smoothing >= 0 && smoothing < 1)) throw refuse("smoothing", "at least 0 and below 1", smoothing);
  if (!(divergeAt > 1)) throw refuse("divergeAt", "above 1", divergeAt);
  // Of the caller's optimizer only the rate changes; groups keep their multipliers.
  const { plateau: _, ...optimizer } = options.optimizer;
  const rate: Expression = ["*", from, ["pow", to / from, ["/", "step", steps - 1]]];
  // The rate that is tried is a formula of the step.
  useFormulas();
  const trainer = core.trainer(model, { ...options, optimizer: { ...optimizer, learningRate: rate } });
  try {
    const perUpdate = optimizer.accumulate ?? 1;
    const batches = new Batches(trainer, data, options.seed ?? 0);
    const rateAt = formulaOf(rate);
    const points: LearningRatePoint[] = [];
    let [mean, share, least] = [0, 1, Infinity];
    let diverged = false;
    for (let step = 0; step < steps && !diverged && !signal?.aborted; step++) {
      try {
        let loss = 0;
        for (let i = 0; i < perUpdate; i++) loss += batches.step() / perUpdate;
        mean = smoothing * mean + (1 - smoothing) * loss;
        share *= smoothing;
        const smoothed = mean / (1 - share);
        points.push({ learningRate: rateAt(step, 0), loss, smoothed });
        least = Math.min(least, smoothed);
        diverged = step > 10 && smoothed > divergeAt * least && smoothed - least > 1e-9;
      } catch (error) {
        if (!(error instanceof CoreError)) throw error;
        diverged = true;
      }
      if (step % 8 === 7) await yieldToEventLoop();
    }
    return conclude(points, diverged);
  } finally {
    trainer.dispose();
  }
}

function conclude(points: readonly LearningRatePoint[], diverged: boolean): LearningRateSearch {
  const nothing = (reason: string): LearningRateSearch => ({
    ...{ points, suggestion: null, steepest: null, minimum: null, reason },
  });
  if (points.length < 3 * REACH)
    return nothing(
      `the loss was not finite after ${points.length} steps: lower \`from\` or scale the inputs`,
    );
  let low = 0;
  points.forEach(({ smoothed }, i) => {
    if (smoothed < points[low]!.smoothed) low = i;
  });
  // The rates are evenly spaced in their logarithm, so a difference of losses is a slope in it.
  let [steep, fastest] = [-1, 0];
  for (let i = REACH; i <= low && i + REACH < points.length; i++) {
    const slope = points[i + REACH]!.smoothed - points[i - REACH]!.smoothed;
    if (slope < Math.min(fastest, -LEAST_FALL * Math.abs(points[i]!.smoothed))) [steep, fastest] = [i, slope];
  }
  if (steep < 0)
    return nothing(
      "the loss fell at no rate of the range: check data, targets and loss, or begin at a lower rate",
    );
  const [steepest, minimum] = [points[steep]!.learningRate, points[low]!.learningRate];
  const suggestion = Math.min(steepest, minimum / 10);
  const end = diverged
    ? `from ${points.at(-1)!.learningRate.toPrecision(2)} on it diverged`
    : "it did not diverge in the range, so a higher `to` may tell more";
  const why =
    suggestion === steepest
      ? "the rate where the loss falls fastest"
      : `a tenth of the rate where the loss is least, as it falls fastest only at ${steepest.toPrecision(2)}`;
  const reason = `${why}; least loss at ${minimum.toPrecision(2)}; ${end}`;
  return { points, suggestion, steepest, minimum, reason };
}

/** Batches of a data set without end, in another order each time round. */
class Batches {
  readonly #trainer: BaseTrainer;
  readonly #data: DataSet;
  readonly #seed: number;
  readonly #rows: number;
  readonly #feeds: ReadonlyMap<string, Feed>;
  #order: Uint32Array;
  #round = 0;
  #at = 0;

  constructor(trainer: BaseTrainer, data: DataSet, seed: number) {
    this.#trainer = trainer;
    this.#data = data;
    this.#seed = seed;
    const { executor } = trainer.state;
    const { rows, feeds } = feedsOf(executor.program, executor.graph("train"), data);
    this.#rows = rows;
    this.#feeds = new Map(feeds.map((feed) => [feed.name, feed]));
    this.#order = permutation(rows, seed);
  }

  /** One training step on the next rows; returns its loss. */
  step(): number {
    if (this.#at >= this.#rows) {
      this.#order = permutation(this.#rows, this.#seed + ++this.#round);
      this.#at = 0;
    }
    const rows = this.#order.subarray(this.#at, this.#at + this.#trainer.plan.batchSize);
    this.#at += rows.length;
    const extra = Object.fromEntries(
      (["sampleWeights", "lengths"] as const).flatMap((name) =>
        this.#data[name] ? [[name, this.#take(name, rows)]] : [],
      ),
    );
    return this.#trainer.step(this.#arrays("x", rows), this.#arrays("y", rows), extra).loss;
  }

  #arrays(role: "x" | "y", rows: Uint32Array): Arrays {
    if (this.#feeds.has(role)) return this.#take(role, rows);
    const names = [...this.#feeds.keys()].filter((name) => name.startsWith(`${role}.`));
    return Object.fromEntries(names.map((name) => [name.slice(2), this.#take(name, rows)]));
  }

  #take(name: string, rows: Uint32Array): Float64Array {
    const { data, columns } = this.#feeds.get(name)!;
    const out = new Float64Array(rows.length * columns);
    rows.forEach((row, i) => {
      for (let c = 0; c < columns; c++) out[i * columns + c] = data[row * columns + c]!;
    });
    return out;
  }
}
