// Digits: handwritten digits of 8×8 pixels with 17 grey levels. 1,797 rows.

import { type ExampleOptions, runBenchmark } from "../runner/benchmark.ts";
import { everyFifth, readTable } from "../runner/data.ts";
import { classScores } from "../runner/scores.ts";

const NAMES = [...Array.from({ length: 64 }, (_, i) => `pixel ${i}`), "digit"];

export function digits(options: ExampleOptions) {
  const table = readTable("sklearn/digits.csv.gz", { names: NAMES });
  const setting = {
    hidden: [128, 64],
    epochs: 60,
    batchSize: 32,
    learningRate: 0.003,
    weightDecay: 0.1,
    dropout: 0.2,
  };
  return runBenchmark(options, {
    title: "digits",
    task: { table, columns: { target: "digit" } },
    split: everyFifth(table.rows),
    setting,
    candidates: [
      setting,
      { ...setting, hidden: [32], dropout: 0 },
      { ...setting, dropout: 0 },
      { ...setting, hidden: [128] },
      { ...setting, weightDecay: 1 },
    ],
    scorer: classScores,
  });
}
