// Decisions from probabilities: the likeliest class, or a threshold that was chosen for what mistakes cost.
//
// Place: shared by all examples. Invariant: a threshold is chosen on predictions of training rows, never of test rows.

import type { Outcome } from "./experiment.ts";

/** Share of the rows whose likeliest class is the true one. */
export function accuracyOf({ probabilities, targets }: Pick<Outcome, "probabilities" | "targets">): number {
  const right = probabilities.filter((row, i) => row.indexOf(Math.max(...row)) === targets[i]).length;
  return right / targets.length;
}

export interface Decision {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** Precision, recall and F1 of "positive where the probability is at least the threshold". */
export function decide(scores: readonly number[], targets: readonly number[], threshold: number): Decision {
  let [hit, wrong, missed] = [0, 0, 0];
  scores.forEach((score, i) => {
    if (score >= threshold && targets[i] === 1) hit++;
    else if (score >= threshold) wrong++;
    else if (targets[i] === 1) missed++;
  });
  const share = (a: number, b: number) => (b === 0 ? 0 : a / b);
  return {
    precision: share(hit, hit + wrong),
    recall: share(hit, hit + missed),
    f1: share(2 * hit, 2 * hit + wrong + missed),
  };
}

/** The threshold with the best F1 on these scores. */
export function bestThreshold(scores: readonly number[], targets: readonly number[]): number {
  const order = scores.map((_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
  const ones = targets.filter((t) => t === 1).length;
  let [hit, named, best, threshold] = [0, 0, -1, 0.5];
  order.forEach((row, i) => {
    named++;
    if (targets[row] === 1) hit++;
    // Equal scores fall on one side together.
    if (scores[order[i + 1] ?? -1] === scores[row]) return;
    const f1 = (2 * hit) / (named + ones);
    if (f1 > best) {
      best = f1;
      // Between this score and the next, so that it does not sit on a row.
      threshold = (scores[row]! + (scores[order[i + 1] ?? -1] ?? 0)) / 2;
    }
  });
  return threshold;
}
