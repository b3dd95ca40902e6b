// The golden cases as tests: on the core, and on the reference interpreter, which is thereby checked from outside.
//
// Place: part of `npm test`. Without the golden folder nothing runs, and the test says so.
// Invariant: the numbers of cases below are those that issue 2 asks for on the folder with seed 1.

import { expect, test } from "vitest";
import { interpret } from "../reference/interpreter.ts";
import { describeShared } from "../shared.ts";
import { goldenFolder } from "./cases.ts";
import { isDefaultFolder, lostCases } from "./record.ts";
import { count, type FileResult, runGolden } from "./run.ts";
import { coreEngine, type Engine } from "./values.ts";

const folder = goldenFolder();

const failures = (files: readonly FileResult[]): string[] =>
  files.flatMap((f) => f.cases.filter((c) => c.state === "failed").map((c) => `${c.name}: ${c.reason}`));

const plainF32: Engine = (graph, feeds, outputs, binding) =>
  interpret(graph, feeds, outputs, { binding, round: Math.fround });

describeShared("golden cases", "golden/index.json", () => {
  test("none fails on the core, none is lost", { timeout: 120_000 }, async () => {
    const files = (await runGolden(folder, coreEngine("simd")))!;
    expect(failures(files)).toEqual([]);
    if (!isDefaultFolder(folder)) return;
    expect(lostCases(files)).toEqual([]);
    const passed = (file: string) => count(files.find((f) => f.file === file)!, "passed");
    expect(passed("mlp.json")).toBeGreaterThanOrEqual(28);
    expect(passed("activations.json")).toBeGreaterThanOrEqual(28);
    expect(passed("kinks.json")).toBeGreaterThanOrEqual(3);
  });

  test("none fails on the debug core", { timeout: 120_000 }, async () => {
    expect(failures((await runGolden(folder, coreEngine("debug")))!)).toEqual([]);
  });

  test("none fails on the interpreter, rounding like f32", { timeout: 120_000 }, async () => {
    expect(failures((await runGolden(folder, plainF32))!)).toEqual([]);
  });
});
