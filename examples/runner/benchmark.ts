// The course of an example on a fixed split: a line per seed, the mean, and on request how the setting was chosen.
//
// Place: shared by the examples on tables. Invariant: prints every figure that it returns.

import type { Core } from "edgegrad";
import type { Split } from "edgegrad/data";
import { compareSettings, runExperiment, type Scorer, type Setting, type Task } from "./experiment.ts";
import { type Figures, line, meanOf } from "./scores.ts";

/** How an example is run. */
export interface ExampleOptions {
  readonly core: Core;
  /** Seeds to run; the full setting has 1 to 5. */
  readonly seeds: readonly number[];
  /** A share of the full number of epochs, for tests; default 1. */
  readonly effort?: number;
  /** Scores the candidates by cross-validation inside the training rows first. */
  readonly choose?: boolean;
  readonly print: (text: string) => void;
}

export interface Benchmark {
  readonly title: string;
  readonly task: Task;
  readonly split: Split;
  readonly setting: Setting;
  /** What the setting was chosen from. */
  readonly candidates: readonly Setting[];
  readonly scorer: Scorer;
}

const withEffort = (setting: Setting, effort = 1): Setting => ({
  ...setting,
  epochs: Math.max(1, Math.round(setting.epochs * effort)),
});

/** Runs a benchmark; gives the mean over the seeds. */
export async function runBenchmark(options: ExampleOptions, benchmark: Benchmark): Promise<Figures> {
  const { core, seeds, effort, print } = options;
  const { title, task, split, candidates, scorer } = benchmark;
  const setting = withEffort(benchmark.setting, effort);
  print(`${title}: ${split.train.length} training and ${split.test.length} test rows`);
  if (options.choose) {
    print("candidates, mean of 3 times 5-fold cross-validation inside the training rows, best first:");
    for (const { setting: candidate, mean } of await compareSettings(
      core,
      task,
      split.train,
      candidates,
      scorer,
    ))
      print(line("", mean).concat("   ", JSON.stringify(candidate)));
  }
  print(`setting ${JSON.stringify(setting)}`);
  const all: Figures[] = [];
  for (const seed of seeds) {
    all.push(scorer(await runExperiment(core, task, split, setting, seed)));
    print(line(`seed ${seed}`, all.at(-1)!));
  }
  const mean = meanOf(all);
  print(line(`mean of ${seeds.length} seeds`, mean));
  return mean;
}
