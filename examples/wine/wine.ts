// Wine: three growers told apart by a chemical analysis of 13 values. 178 rows.

import { type ExampleOptions, runBenchmark } from "../runner/benchmark.ts";
import { everyFifth, readTable } from "../runner/data.ts";
import { classScores } from "../runner/scores.ts";

const NAMES = [
  ...["alcohol", "malic acid", "ash", "alcalinity", "magnesium", "phenols", "flavanoids", "nonflavanoids"],
  ...["proanthocyanins", "colour", "hue", "dilution", "proline", "grower"],
];

export function wine(options: ExampleOptions) {
  const table = readTable("sklearn/wine_data.csv", { skip: 1, names: NAMES });
  const setting = { hidden: [16], epochs: 60, batchSize: 16, learningRate: 0.01, weightDecay: 0.01 };
  return runBenchmark(options, {
    title: "wine",
    task: { table, columns: { target: "grower" } },
    split: everyFifth(table.rows),
    setting,
    candidates: [
      setting,
      { ...setting, hidden: [] },
      { ...setting, hidden: [32] },
      { ...setting, weightDecay: 0.1 },
    ],
    scorer: classScores,
  });
}
