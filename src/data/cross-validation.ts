// Cross-validation: the same experiment on every fold, and what its figures come to.
//
// Place: above splits, below examples and the command line. Invariant: folds run one after another; `run` is given row
// numbers only, so fitting a preprocessing inside it sees the fold's training rows and nothing else.

import { ConfigError } from "../errors.ts";
import type { Split } from "./split.ts";
import { deviation, mean } from "./statistics.ts";

/** Figures of one fold, by name. */
export type FoldScores = Readonly<Record<string, number>>;

export interface CrossValidation {
  readonly folds: readonly FoldScores[];
  readonly mean: FoldScores;
  /** Standard deviation over the folds (divided by their number). */
  readonly deviation: FoldScores;
}

/**
 * Runs an experiment on each split.
 *
 * @param run trains on `split.train`, tests on `split.test`, gives figures under the same names each time
 * @example
 * const { mean } = await crossValidate(kFold(table.rows, { labels }), async (split) => trainAndScore(table, split));
 */
export async function crossValidate(
  splits: readonly Split[],
  run: (split: Split, fold: number) => FoldScores | Promise<FoldScores>,
): Promise<CrossValidation> {
  if (splits.length === 0)
    throw new ConfigError("config/split", "crossValidate: expected at least one split");
  const folds: FoldScores[] = [];
  for (const [fold, split] of splits.entries()) folds.push(await run(split, fold));
  const names = Object.keys(folds[0]!);
  folds.forEach((scores, fold) => {
    const missing = [...new Set([...names, ...Object.keys(scores)])].find(
      (name) => typeof scores[name] !== "number" || !names.includes(name),
    );
    if (missing !== undefined)
      throw new ConfigError(
        "config/scores",
        `crossValidate: fold ${fold + 1} and fold 1 differ in "${missing}"`,
        { fold },
      );
  });
  const over = (statistic: (values: number[]) => number): FoldScores =>
    Object.fromEntries(names.map((name) => [name, statistic(folds.map((scores) => scores[name]!))]));
  return { folds, mean: over(mean), deviation: over(deviation) };
}
