// Diabetes: how far the disease went in a year, from ten values of the year before. A regression; 442 rows with much
// that the ten values do not say, so R² near 0.45 is what every method reaches.

import { type Table, tableFromColumns } from "edgegrad/data";
import { type ExampleOptions, runBenchmark } from "../runner/benchmark.ts";
import { everyFifth, readTable } from "../runner/data.ts";
import { numberScores } from "../runner/scores.ts";

const NAMES = ["age", "sex", "bmi", "pressure", "s1", "s2", "s3", "s4", "s5", "s6"];

function diabetesTable(): Table {
  const features = readTable("sklearn/diabetes_data_raw.csv.gz", { names: NAMES, delimiter: " " });
  const target = readTable("sklearn/diabetes_target.csv.gz", { names: ["progression"] });
  return tableFromColumns(Object.fromEntries([...features.columns, ...target.columns]));
}

export function diabetes(options: ExampleOptions) {
  const table = diabetesTable();
  const setting = { hidden: [16], epochs: 60, batchSize: 16, learningRate: 0.003, weightDecay: 1 };
  return runBenchmark(options, {
    title: "diabetes",
    task: {
      table,
      columns: { target: "progression", task: "regression", columns: { sex: { type: "category" } } },
    },
    split: everyFifth(table.rows),
    setting,
    candidates: [
      setting,
      { ...setting, hidden: [] },
      { ...setting, hidden: [32, 16], dropout: 0.2 },
      { ...setting, epochs: 30 },
      { ...setting, weightDecay: 0.1 },
    ],
    scorer: numberScores,
  });
}
