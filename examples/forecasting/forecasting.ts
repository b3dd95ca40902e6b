// Forecasting one step ahead, against naive baselines, on splits by time.
//
// What it can do: series with a season or a cycle (air passengers, CO₂, sunspots, temperatures) are forecast better than
// by their last value. What it cannot: monthly stock and index prices. There "next month is like this month" is as good
// as any network here, because what could be known from past prices is in the price already; a lower error of a few
// percent on 25 months is chance. None of this is advice on what to buy.

import { rootMeanSquaredError } from "edgegrad";
import type { Split, Table } from "edgegrad/data";
import type { ExampleOptions } from "../runner/benchmark.ts";
import { readTable } from "../runner/data.ts";
import { runExperiment, type Setting } from "../runner/experiment.ts";
import { type Figures, shown } from "../runner/scores.ts";
import { type Series, seriesOf, tableOfSteps } from "../runner/series.ts";

interface Plan {
  readonly series: Series;
  /** Values before a step that are seen. */
  readonly lags: number;
  /** Changes as ratios: for what grows by a share. */
  readonly ratios: boolean;
  /** Whether the value itself is a feature: for series that return to a level. */
  readonly level: boolean;
  /** Steps of a season, for the seasonal baseline. */
  readonly season: number;
}

const SETTING: Setting = { hidden: [16], epochs: 60, batchSize: 32, learningRate: 0.003, weightDecay: 0.1 };

function plans(): { stocks: Plan[]; others: Plan[] } {
  const stocks = readTable("timeseries/stocks.csv");
  const price = { lags: 12, ratios: true, level: false, season: 12 };
  const one = (file: string, date: string, value: string) =>
    seriesOf(value, readTable(`timeseries/${file}.csv`), date, value);
  const index = { ...one("sp500", "date", "price"), name: "S&P 500" };
  return {
    stocks: [
      { series: index, ...price },
      ...["MSFT", "AMZN", "IBM", "AAPL", "GOOG"].map((symbol) => ({
        series: seriesOf(symbol, stocks, "date", "price", ["symbol", symbol]),
        ...price,
      })),
    ],
    others: [
      {
        series: one("airline-passengers", "Month", "Passengers"),
        lags: 13,
        ratios: true,
        level: false,
        season: 12,
      },
      { series: one("co2-concentration", "Date", "CO2"), lags: 13, ratios: false, level: false, season: 12 },
      {
        series: one("daily-min-temperatures", "Date", "Temp"),
        lags: 14,
        ratios: false,
        level: true,
        season: 365,
      },
      {
        series: one("monthly-sunspots", "Month", "Sunspots"),
        lags: 24,
        ratios: false,
        level: true,
        season: 132,
      },
    ],
  };
}

/** A row for each step that has all its lags; the target is the change from the last value. */
function stepsOf({ series, lags, ratios, level }: Plan): { table: Table; steps: number[] } {
  const at = (t: number) => (ratios ? Math.log(series.values[t]!) : series.values[t]!);
  const steps = series.values.map((_, t) => t).slice(lags);
  const rows = steps.map((t) => ({
    ...Object.fromEntries(
      Array.from({ length: lags - 1 }, (_, i) => [`change ${i + 1}`, at(t - 1 - i) - at(t - 2 - i)]),
    ),
    ...(level ? { level: at(t - 1) } : {}),
    // Known before: the month that is to be forecast.
    month: new Date(series.times[t]!).toISOString().slice(0, 7),
    next: at(t) - at(t - 1),
  }));
  return { table: tableOfSteps(rows), steps };
}

const rmse = (forecast: readonly number[], real: readonly number[]) =>
  rootMeanSquaredError().update(forecast, real).result();

async function forecastOne({ core, seeds, effort = 1, print }: ExampleOptions, plan: Plan): Promise<Figures> {
  const { series, ratios, season } = plan;
  const { table, steps } = stepsOf(plan);
  // The last 20 % of all steps, and nothing of them before.
  const first = series.values.length - Math.round(series.values.length / 5);
  const train = Uint32Array.from(steps.keys()).filter((row) => steps[row]! < first);
  const test = Uint32Array.from(steps.keys()).filter((row) => steps[row]! >= first);
  const split: Split = { train, test };
  const columns = {
    target: "next",
    task: "regression",
    columns: { month: { type: "date", dateParts: ["month"] } },
  } as const;
  const real = Array.from(test, (row) => series.values[steps[row]!]!);
  const before = (back: number) => Array.from(test, (row) => series.values[steps[row]! - back]!);
  const last = before(1);
  const setting = { ...SETTING, epochs: Math.max(1, Math.round(SETTING.epochs * effort)) };
  const errors: number[] = [];
  for (const seed of seeds) {
    const { values } = await runExperiment(core, { table, columns }, split, setting, seed);
    errors.push(
      rmse(
        values.map((change, i) => (ratios ? last[i]! * Math.exp(change) : last[i]! + change)),
        real,
      ),
    );
  }
  const three = last.map((_, i) => (last[i]! + before(2)[i]! + before(3)[i]!) / 3);
  const network = errors.reduce((a, b) => a + b, 0) / errors.length;
  const figures = {
    network,
    last: rmse(last, real),
    season: rmse(before(season), real),
    three: rmse(three, real),
  };
  const ratio = network / figures.last;
  const list = errors.map((e) => shown("", e)).join(" ");
  print(
    `${series.name.padEnd(12)} ${String(real.length).padStart(4)} steps  RMSE network ${shown("", network)} (${list})  ` +
      `last value ${shown("", figures.last)}  season ago ${shown("", figures.season)}  mean of three ${shown("", figures.three)}  ` +
      `network / last value ${ratio.toFixed(3)}`,
  );
  return figures;
}

/** RMSE by series, in the units of the file. */
export async function forecasting(options: ExampleOptions): Promise<Readonly<Record<string, Figures>>> {
  const { stocks, others } = plans();
  const { print } = options;
  const result: Record<string, Figures> = {};
  print(`setting ${JSON.stringify(SETTING)}, fixed beforehand; the last 20 % of the steps are the test`);
  print("series with a season or a cycle:");
  for (const plan of others) result[plan.series.name] = await forecastOne(options, plan);
  print("monthly prices:");
  for (const plan of stocks) result[plan.series.name] = await forecastOne(options, plan);
  print(
    "Prices: a ratio near 1 means that the network knows no more than the last price. No money is to be made of it.",
  );
  return result;
}
