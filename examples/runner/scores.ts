// Figures of an outcome, and how they are printed: a line per seed, and the mean.
//
// Place: shared by all examples. Invariant: every figure is computed from the test rows' predictions alone.

import { prAuc, rocAuc, rootMeanSquaredError, rSquared } from "edgegrad";
import { accuracyOf } from "./decisions.ts";
import type { Outcome, Scorer } from "./experiment.ts";

/** For several classes. */
export const classScores: Scorer = (outcome) => ({ accuracy: accuracyOf(outcome) });

/** The probability of the second class of each row. */
export const positives = ({ probabilities }: Pick<Outcome, "probabilities">): number[] =>
  probabilities.map((row) => row[1]!);

/** For two classes, the second being the one that is looked for. */
export const rareScores: Scorer = (outcome) => ({
  "ROC-AUC": rocAuc().update(positives(outcome), outcome.targets).result(),
  "PR-AUC": prAuc().update(positives(outcome), outcome.targets).result(),
  accuracy: accuracyOf(outcome),
});

/** For numbers. */
export const numberScores: Scorer = ({ values, targets }) => ({
  RMSE: rootMeanSquaredError().update(values, targets).result(),
  "R²": rSquared().update(values, targets).result(),
});

export type Figures = Readonly<Record<string, number>>;

export const meanOf = (all: readonly Figures[]): Figures =>
  Object.fromEntries(
    Object.keys(all[0]!).map((name) => [name, all.reduce((sum, one) => sum + one[name]!, 0) / all.length]),
  );

/** "0.9712" or, for shares of rows, "97.12 %". */
export const shown = (name: string, value: number): string =>
  /accuracy|recall|precision/.test(name)
    ? `${(100 * value).toFixed(2)} %`
    : Math.abs(value) >= 100
      ? value.toFixed(1)
      : value.toFixed(4);

export const line = (label: string, figures: Figures): string =>
  `${label.padEnd(24)} ${Object.entries(figures)
    .map(([name, value]) => `${name} ${shown(name, value)}`)
    .join("   ")}`;
