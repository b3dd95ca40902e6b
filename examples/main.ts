// Runs the examples: `npm run example -- [name …] [--seeds 1,2] [--choose]`; without a name it lists them.
//
// Invariant: exit code 1 and one line if a name or a file is not there.

import { loadCore } from "edgegrad";
import { breastCancer } from "./breast-cancer/breast-cancer.ts";
import { diabetes } from "./diabetes/diabetes.ts";
import { digits } from "./digits/digits.ts";
import { forecasting } from "./forecasting/forecasting.ts";
import { autoencoder, cardDefault, cardSample, mammography } from "./fraud/fraud.ts";
import { iris } from "./iris/iris.ts";
import { marketTrend } from "./market-trend/market-trend.ts";
import type { ExampleOptions } from "./runner/benchmark.ts";
import { wine } from "./wine/wine.ts";

const EXAMPLES: ReadonlyMap<string, (options: ExampleOptions) => Promise<unknown>> = new Map<
  string,
  (options: ExampleOptions) => Promise<unknown>
>([
  ["fraud", cardSample],
  ["mammography", mammography],
  ["card-default", cardDefault],
  ["autoencoder", autoencoder],
  ["forecasting", forecasting],
  ["market-trend", marketTrend],
  ["iris", iris],
  ["wine", wine],
  ["breast-cancer", breastCancer],
  ["diabetes", diabetes],
  ["digits", digits],
]);

const args = process.argv.slice(2);
const at = args.indexOf("--seeds");
const seeds = at < 0 ? [1, 2, 3, 4, 5] : (args[at + 1] ?? "").split(",").map(Number);
const names = args.filter((arg, i) => !arg.startsWith("--") && !(at >= 0 && i === at + 1));
const print = (text: string) => console.log(text);
try {
  if (names.length === 0) print(`Say which, or all: ${[...EXAMPLES.keys()].join(" ")}`);
  if (!seeds.every((seed) => Number.isInteger(seed) && seed >= 0))
    throw new Error(`--seeds: expected whole numbers such as 1,2,3, got ${args[at + 1]}`);
  for (const name of names.includes("all") ? EXAMPLES.keys() : names) {
    const example = EXAMPLES.get(name);
    if (!example)
      throw new Error(`no example is called "${name}"; there are ${[...EXAMPLES.keys()].join(", ")}`);
    const core = await loadCore();
    await example({ core, seeds, choose: args.includes("--choose"), print });
    print("");
  }
} catch (error) {
  console.error(`example: ${(error as Error).message}`);
  process.exitCode = 1;
}
