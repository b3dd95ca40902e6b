// Loss curves: a training that stands still, and one that learns its rows by heart.
//
// Place: reads a fit's history and the losses of now. Invariant: a finding needs both a ratio and a distance, so that
// small losses that differ by little stay quiet.

import type { FitHistory } from "../train/history.ts";
import { type Finding, figure, type Losses } from "./finding.ts";

/** Validation loss against training loss; and their distance as a share of the loss of guessing. */
const RATIO = 2;
const DISTANCE = 0.2;
/** Rise of the validation loss from its lowest point. */
const RISE = 1.2;
/** Times the loss of guessing. */
const THROWN = 3;
/** Epochs before a curve is judged. */
const EPOCHS = 3;

const remedy =
  "Stop earlier (earlyStopping restores the best epoch), use dropout, weight decay or kernelRegularizer, a smaller network, or " +
  "more data";

export function overfitting(losses: Losses, history: Curves | undefined): Finding[] {
  const curve = history?.metrics.val_loss;
  if (curve && curve.length >= EPOCHS) {
    const lowest = Math.min(...curve);
    const at = curve.indexOf(lowest);
    const last = curve.at(-1)!;
    const { loss, epoch } = history;
    const fell = loss.at(-1)! < loss[at]!;
    if (fell && last > RISE * lowest && last - lowest > 0.5 * DISTANCE * losses.guessing)
      return [
        {
          code: "overfitting",
          message:
            `the validation loss was lowest in epoch ${epoch[at]} (${figure(lowest)}) and has risen to ${figure(last)}, while the ` +
            `training loss fell from ${figure(loss[at]!)} to ${figure(loss.at(-1)!)}`,
          evidence: { epoch: epoch[at]!, lowest, validation: last, train: loss.at(-1)! },
          remedy,
        },
      ];
  }
  const { train, validation, guessing } = losses;
  if (validation === undefined || validation < RATIO * train || validation - train < DISTANCE * guessing)
    return [];
  return [
    {
      code: "overfitting",
      message:
        `the loss is ${figure(train)} on training rows and ${figure(validation)} on validation rows ` +
        `(${figure(guessing)} by guessing)`,
      evidence: { train, validation, guessing },
      remedy,
    },
  ];
}

/** What of a history is read. */
export type Curves = Pick<FitHistory, "epoch" | "loss" | "metrics"> & Partial<Pick<FitHistory, "error">>;

/** A run that ended because a step failed. */
export function divergence(history: Curves | undefined): Finding[] {
  const error = history?.error;
  if (!error) return [];
  const { layer, op } = error.fields;
  return [
    {
      code: "not-finite",
      ...(typeof layer === "string" && { layer }),
      message: `the run ended in epoch ${history.epoch.length + 1}: ${error.message}`,
      evidence: {
        losses: history.loss.slice(-5),
        ...(typeof op === "string" && { op }),
      },
      remedy:
        "Start again, or go on from the last good checkpoint, with a learning rate 10 times lower, a warm-up or clipNorm",
    },
  ];
}

/** A training that was thrown off: its loss was far above that of guessing, and it has not come back. */
export function thrownOff(history: Curves | undefined, losses: Losses): Finding[] {
  if (!history || losses.train < 0.5 * losses.guessing) return [];
  const highest = Math.max(...history.loss);
  if (!(highest > THROWN * losses.guessing)) return [];
  const at = history.loss.indexOf(highest);
  return [
    {
      code: "learning-rate-high",
      message:
        `in epoch ${history.epoch[at]} the loss was ${figure(highest)}, far above the ${figure(losses.guessing)} of guessing, ` +
        ` and now it is ${figure(losses.train)}: steps that were too large threw the weights off`,
      evidence: { epoch: history.epoch[at]!, highest, guessing: losses.guessing, train: losses.train },
      remedy: "Start again from fresh weights with a rate 10 to 100 times lower, a warm-up, or clipNorm",
    },
  ];
}

/** A history whose loss went nowhere. */
export function stagnation(history: Curves | undefined, losses: Losses): Finding[] {
  if (!history || history.loss.length < EPOCHS || losses.train < 0.9 * losses.guessing) return [];
  const [first, lowest] = [history.loss[0]!, Math.min(...history.loss)];
  if ((first - lowest) / Math.abs(first) > 0.02) return [];
  return [
    {
      code: "loss-not-falling",
      message: `over ${history.loss.length} epochs the loss went from ${figure(first)} to at best ${figure(lowest)}`,
      evidence: { first, lowest, epochs: history.loss.length },
      remedy: "The other findings name the cause; without one, check that rows of x and y belong together",
    },
  ];
}
