// Market trend: does a price rise next month? From the returns before, for five stocks and the S&P 500 together.
//
// An honest word: prices are close to a random walk. What to hold the accuracy against is the
// share of rising months, which "always up" gets without a network, and the interval that is printed beside it. Costs of trading are not counted.

import { rocAuc } from "edgegrad";
import { timeSplit } from "edgegrad/data";
import type { ExampleOptions } from "../runner/benchmark.ts";
import { readTable } from "../runner/data.ts";
import { accuracyOf } from "../runner/decisions.ts";
import { runExperiment, type Setting } from "../runner/experiment.ts";
import { type Figures, line, meanOf, positives } from "../runner/scores.ts";
import { logReturns, type Series, seriesOf, tableOfSteps } from "../runner/series.ts";

const SETTING: Setting = { hidden: [16], epochs: 30, batchSize: 32, learningRate: 0.003, weightDecay: 1 };
const LAGS = 6;
const YEAR = 12;

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

function rowsOf({ name, times, values }: Series) {
  const returns = logReturns(values);
  return values
    .map((_, t) => t)
    .slice(YEAR + 1)
    .map((t) => {
      const year = returns.slice(t - YEAR, t);
      const center = mean(year);
      return {
        symbol: name,
        time: times[t]!,
        ...Object.fromEntries(
          Array.from({ length: LAGS }, (_, i) => [`return ${i + 1}`, returns[t - 1 - i]!]),
        ),
        "mean of a year": center,
        volatility: Math.sqrt(mean(year.map((r) => (r - center) ** 2))),
        trend: returns[t]! > 0 ? "up" : "down",
      };
    });
}

export async function marketTrend({ core, seeds, effort = 1, print }: ExampleOptions): Promise<Figures> {
  const stocks = readTable("timeseries/stocks.csv");
  const all = [
    seriesOf("S&P 500", readTable("timeseries/sp500.csv"), "date", "price"),
    ...["MSFT", "AMZN", "IBM", "AAPL", "GOOG"].map((s) =>
      seriesOf(s, stocks, "date", "price", ["symbol", s]),
    ),
  ];
  const rows = all.flatMap(rowsOf);
  const table = tableOfSteps(rows);
  // By time over all symbols together: a month of one stock must not train for the same month of another.
  const split = timeSplit(rows.map(({ time }) => time));
  const columns = { target: "trend", ignore: ["time"] };
  const setting = { ...SETTING, epochs: Math.max(1, Math.round(SETTING.epochs * effort)) };
  const real = Array.from(split.test, (row) => rows[row]!.trend);
  const share = (guess: (row: number) => string) =>
    Array.from(split.test).filter((row, i) => guess(row) === real[i]).length / real.length;
  const up =
    Array.from(split.train).filter((row) => rows[row]!.trend === "up").length * 2 > split.train.length;
  const majority = share(() => (up ? "up" : "down"));
  const momentum = share((row) =>
    (rows[row] as unknown as Record<string, number>)["return 1"]! > 0 ? "up" : "down",
  );
  print(`market trend: ${split.train.length} training and ${split.test.length} later test rows`);
  const figures: Figures[] = [];
  for (const seed of seeds) {
    const outcome = await runExperiment(core, { table, columns }, split, setting, seed);
    const auc = rocAuc().update(positives(outcome), outcome.targets).result();
    figures.push({ accuracy: accuracyOf(outcome), "ROC-AUC": auc });
    print(line(`seed ${seed}`, figures.at(-1)!));
  }
  const result: Figures = {
    ...meanOf(figures),
    "majority accuracy": majority,
    "momentum accuracy": momentum,
  };
  print(line(`mean of ${seeds.length} seeds`, result));
  const half = 1.96 * Math.sqrt((result.accuracy! * (1 - result.accuracy!)) / real.length);
  const better = result.accuracy! - half > Math.max(majority, momentum);
  print(
    `95 % interval of the accuracy: ±${(100 * half).toFixed(1)} %, more where months of different stocks move together; ` +
      (better
        ? "above the baselines here, which one test of this size does not establish."
        : "not above the baselines: there is nothing here to trade on."),
  );
  return { ...result, interval: half };
}
