// Breast cancer (Wisconsin, diagnostic): malignant or benign from 30 measurements of cell nuclei. 569 rows.

import { type ExampleOptions, runBenchmark } from "../runner/benchmark.ts";
import { everyFifth, readTable } from "../runner/data.ts";
import { accuracyOf } from "../runner/decisions.ts";
import { rareScores } from "../runner/scores.ts";

const NAMES = [...Array.from({ length: 30 }, (_, i) => `measurement ${i + 1}`), "benign"];

export function breastCancer(options: ExampleOptions) {
  const table = readTable("sklearn/breast_cancer.csv", { skip: 1, names: NAMES });
  const setting = { hidden: [32], epochs: 40, batchSize: 32, learningRate: 0.005, weightDecay: 1 };
  return runBenchmark(options, {
    title: "breast cancer",
    task: { table, columns: { target: "benign" } },
    split: everyFifth(table.rows),
    setting,
    candidates: [
      setting,
      { ...setting, hidden: [] },
      { ...setting, hidden: [16] },
      { ...setting, weightDecay: 0.1 },
      { ...setting, epochs: 80 },
    ],
    scorer: (outcome) => ({ accuracy: accuracyOf(outcome), ...rareScores(outcome) }),
  });
}
