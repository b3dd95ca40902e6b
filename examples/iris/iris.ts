// Iris: three kinds of a flower from four measurements. 150 rows, so a test row more or less is 3 percent.

import { type ExampleOptions, runBenchmark } from "../runner/benchmark.ts";
import { everyFifth, readTable } from "../runner/data.ts";
import { classScores } from "../runner/scores.ts";

const NAMES = ["sepal length", "sepal width", "petal length", "petal width", "species"];

export function iris(options: ExampleOptions) {
  const table = readTable("sklearn/iris.csv", { skip: 1, names: NAMES });
  const setting = { hidden: [16], epochs: 100, batchSize: 16, learningRate: 0.01, weightDecay: 0.01 };
  return runBenchmark(options, {
    title: "iris",
    task: { table, columns: { target: "species" } },
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
