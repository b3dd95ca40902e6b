// Runs the examples: `npm run example -- [name …] [--seeds 1,2] [--choose]`; without a name it lists them. Those on
// pictures are programs of their own and take the options of pictures/seeds.mjs.
//
// Invariant: exit code 1 and one line if a name or a file is not there.

import { spawnSync } from "node:child_process";
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

const PICTURES: readonly string[] = ["digits", "clothes", "faces", "denoising"].map(
  (name) => `pictures/${name}`,
);
const NAMES = [...EXAMPLES.keys(), ...PICTURES];

/** The programs on pictures read their options by themselves. */
function runProgram(name: string, options: readonly string[]): void {
  const { status } = spawnSync(process.execPath, [`examples/${name}.mjs`, ...options], { stdio: "inherit" });
  if (status !== 0) throw new Error(`${name} ended with exit code ${status}`);
}

const args = process.argv.slice(2);
const at = args.indexOf("--seeds");
const seeds = at < 0 ? [1, 2, 3, 4, 5] : (args[at + 1] ?? "").split(",").map(Number);
const takesValue = (arg: string | undefined) => arg?.startsWith("--") && arg !== "--choose";
const isName = (arg: string, i: number) => !arg.startsWith("--") && !takesValue(args[i - 1]);
const names = args.filter(isName);
const print = (text: string) => console.log(text);
try {
  if (names.length === 0) print(`Say which, or all: ${NAMES.join(" ")}`);
  if (!seeds.every((seed) => Number.isInteger(seed) && seed >= 0))
    throw new Error(`--seeds: expected whole numbers such as 1,2,3, got ${args[at + 1]}`);
  for (const name of names.includes("all") ? NAMES : names) {
    const example = EXAMPLES.get(name);
    if (example) await example({ core: await loadCore(), seeds, choose: args.includes("--choose"), print });
    else if (PICTURES.includes(name))
      runProgram(
        name,
        args.filter((arg, i) => !isName(arg, i)),
      );
    else throw new Error(`no example is called "${name}"; there are ${NAMES.join(", ")}`);
    print("");
  }
} catch (error) {
  console.error(`example: ${(error as Error).message}`);
  process.exitCode = 1;
}
