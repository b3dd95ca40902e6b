// The learning rate on trial: some steps on copies of the trainer at lower and higher rates.
//
// Place: run by diagnose.ts behind the looks inside. Invariant: copies learn, the trainer does not; the same batches in
// the same order at every rate.

import { EdgegradError } from "../errors.ts";
import type { BaseTrainer } from "../train/base-trainer.ts";
import type { DataSet } from "../train/feeds.ts";
import { cloneTrainer } from "../train/observe.ts";
import { yieldToEventLoop } from "../train/yield.ts";
import { type Finding, figure, type Losses, type RateTrial } from "./finding.ts";

export const FACTORS: readonly number[] = [0.01, 0.1, 1, 10, 100, 1000];

/** A loss this far below that of guessing is learned: rates are no longer judged by how fast it falls. */
const LEARNED = 0.1;

export const isLearned = ({ train, guessing }: Losses): boolean => train < LEARNED * guessing;

/** Trains a copy at `factor` times the rate, over the batches in turn. */
export async function tryRate(
  trainer: BaseTrainer,
  factor: number,
  batches: readonly DataSet[],
  steps: number,
  probe: DataSet,
): Promise<RateTrial> {
  const before = trainer.evaluate(probe).loss;
  const learningRate = trainer.learningRate * factor;
  const clone = cloneTrainer(trainer);
  try {
    // The trainer's own schedule stays as it is.
    if (factor !== 1) clone.learningRate = learningRate;
    for (let step = 0; step < steps; step++) {
      const { x, y, ...extra } = batches[step % batches.length]!;
      clone.step(x, y, extra);
      if (step % 8 === 7) await yieldToEventLoop();
    }
    const after = clone.evaluate(probe).loss;
    return {
      ...{ factor, learningRate, before, steps, after },
      ...(!Number.isFinite(after) && { diverged: `the loss is ${after}` }),
    };
  } catch (error) {
    if (!(error instanceof EdgegradError)) throw error;
    return { factor, learningRate, before, after: Number.NaN, steps, diverged: error.message };
  } finally {
    clone.dispose();
  }
}

const fall = ({ before, after }: RateTrial): number => (before - after) / Math.max(Math.abs(before), 1e-12);

const lossesOf = (trials: readonly RateTrial[]): string =>
  trials
    .map(
      ({ learningRate, after, diverged }) =>
        `${figure(learningRate)} → ${diverged ? "diverges" : figure(after)}`,
    )
    .join(", ");

/** What the trials say about the rate. */
export function rateFindings(trials: readonly RateTrial[], losses: Losses): Finding[] {
  const own = trials.find((trial) => trial.factor === 1);
  if (!own || isLearned(losses)) return [];
  const best = (some: readonly RateTrial[]) =>
    some.reduce<RateTrial | undefined>(
      (p, q) => (q.diverged || !(fall(q) > (p ? fall(p) : -Infinity)) ? p : q),
      undefined,
    );
  const lower = best(trials.filter((trial) => trial.factor < 1));
  const higher = best(trials.filter((trial) => trial.factor > 1));
  const evidence = {
    learningRate: own.learningRate,
    rates: trials.map((trial) => trial.learningRate),
    before: own.before,
    after: trials.map((trial) => trial.after),
    steps: own.steps,
  };
  const seen = `${own.steps} steps from a loss of ${figure(own.before)} end at: ${lossesOf(trials)}`;
  const advice = (trial: RateTrial) => `Set the learning rate near ${figure(trial.learningRate)}`;
  const rises = own.diverged !== undefined || fall(own) < 0.05;
  // Half the loss at a lower rate in as many steps, where this one got hardly anywhere.
  const halved = lower !== undefined && lower.after < own.after / 2 && own.after > 0.25 * own.before;
  const worse = lower !== undefined && fall(own) < -0.1 && fall(lower) > 0.05;
  if (lower && (own.diverged || halved || worse || (rises && fall(lower) > 0.2)))
    return [
      {
        code: "learning-rate-high",
        message: `the learning rate ${figure(own.learningRate)} is too high: ${seen}${own.diverged ? ` (${own.diverged})` : ""}`,
        evidence,
        remedy: `${advice(lower)}; a warm-up or clipNorm helps where only the first steps are too large`,
      },
    ];
  if (higher && !own.diverged && fall(own) < 0.02 && fall(higher) > 0.25)
    return [
      {
        code: "learning-rate-low",
        message: `the learning rate ${figure(own.learningRate)} is too low: ${seen}`,
        evidence,
        remedy: `${advice(higher)}, or find one with a learning-rate finder`,
      },
    ];
  const all = best(trials);
  if (losses.train > 0.9 * losses.guessing && (all === undefined || fall(all) < 0.02))
    return [
      {
        code: "loss-not-falling",
        message:
          `the loss does not fall at any rate: ${seen}. Guessing without looking at x gives ` +
          `${figure(losses.guessing)}, so the outputs say nothing about the targets`,
        evidence: { ...evidence, guessing: losses.guessing },
        remedy:
          "Check that rows of x and y belong together and that x is not constant; that weights do not all start equal " +
          "(initializer zeros); that not everything is frozen; and that the last activation suits the loss (softmax and sigmoid are inside the cross-entropies)",
      },
    ];
  return [];
}
