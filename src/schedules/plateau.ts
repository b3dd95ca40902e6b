// Follows the rule of a rate that falls when training stalls.
//
// Place: the trainer tells it each epoch's loss and multiplies its rates by the state's `scale`.
// Invariant: a function of the state and the loss; the rule is PyTorch's ReduceLROnPlateau.

import { useScheduling } from "./known.ts";
import type { PlateauRule, PlateauState } from "./plateau-state.ts";

/** A rate changes only by more than this, as in PyTorch. */
const SMALLEST_CHANGE = 1e-8;

function improves(rule: PlateauRule, value: number, best: number | null): boolean {
  if (best === null) return true;
  const { mode, threshold, relative } = rule;
  if (mode === "min") return value < (relative ? best * (1 - threshold) : best - threshold);
  return value > (relative ? best * (1 + threshold) : best + threshold);
}

/** @param rate the unscaled rate of the coming step */
export function afterEpoch(
  state: PlateauState,
  rule: PlateauRule,
  value: number,
  rate: number,
): PlateauState {
  const better = improves(rule, value, state.best);
  const best = better ? value : state.best;
  const waiting = Math.max(0, state.waiting - 1);
  const stalled = better || state.waiting > 0 ? 0 : state.stalled + 1;
  if (stalled <= rule.patience) return { best, stalled, waiting, scale: state.scale };
  const now = rate * state.scale;
  const next = Math.max(now * rule.factor, rule.minRate);
  const scale = now - next > SMALLEST_CHANGE && rate > 0 ? next / rate : state.scale;
  return { best, stalled: 0, waiting: rule.cooldown, scale };
}

/** For what makes such a rule: the trainer can follow it then. */
export const usePlateaus = (): void => useScheduling({ afterEpoch });
