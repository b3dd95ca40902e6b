// Runs every case of a golden folder and says how each ended.
//
// Place: behind `npm run golden` and golden.test.ts. Invariant: a case is skipped only by Missing, which names what the
// library lacks; anything else that goes wrong is a failure.

import { type GoldenCase, Missing, readGolden, supported } from "./cases.ts";
import { type InitCase, runInitCase } from "./init-cases.ts";
import { type ModuleCase, runModuleCase } from "./module-cases.ts";
import { type OpCase, runOpCase } from "./op-cases.ts";
import { type OpInfoCase, runOpInfoCase } from "./opinfo-cases.ts";
import { type OptimizerCase, runOptimizerCase } from "./optimizer-cases.ts";
import { runSchedulerCase, type SchedulerCase } from "./scheduler-cases.ts";
import { runTrainCase, type TrainCase } from "./train-cases.ts";
import type { Engine } from "./values.ts";

export interface CaseResult {
  readonly name: string;
  readonly state: "passed" | "skipped" | "failed";
  /** Why it was skipped or what is wrong. */
  readonly reason?: string;
}

export interface FileResult {
  readonly file: string;
  readonly cases: readonly CaseResult[];
}

type Runner = (c: GoldenCase, engine: Engine) => void | Promise<void>;

const RUNNERS: Readonly<Record<string, Runner>> = {
  op: (c, engine) => runOpCase(c as OpCase, engine),
  opinfo: (c, engine) => runOpInfoCase(c as OpInfoCase, engine),
  module: (c, engine) => runModuleCase(c as ModuleCase, engine),
  train: (c, engine) => runTrainCase(c as TrainCase, engine),
  optimizer: (c) => runOptimizerCase(c as OptimizerCase),
  init: (c) => runInitCase(c as InitCase),
  scheduler: (c) => runSchedulerCase(c as SchedulerCase),
};

async function runCase(c: GoldenCase, engine: Engine): Promise<CaseResult> {
  const { name } = c;
  try {
    await supported(RUNNERS, "kind of case", c.kind)(c, engine);
    return { name, state: "passed" };
  } catch (error) {
    if (error instanceof Missing) return { name, state: "skipped", reason: error.message };
    return { name, state: "failed", reason: error instanceof Error ? error.message : String(error) };
  }
}

/** All cases of a folder, file by file; nothing if the folder does not exist. */
export async function runGolden(folder: string, engine: Engine): Promise<FileResult[] | undefined> {
  const files = readGolden(folder);
  if (!files) return undefined;
  const results: FileResult[] = [];
  for (const { file, cases } of files) {
    const ended: CaseResult[] = [];
    for (const c of cases) ended.push(await runCase(c, engine));
    results.push({ file, cases: ended });
  }
  return results;
}

export const count = (file: FileResult, state: CaseResult["state"]): number =>
  file.cases.filter((c) => c.state === state).length;
