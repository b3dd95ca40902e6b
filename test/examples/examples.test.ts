// Every example runs, with one seed and, where that is enough, a part of its epochs; its figures are held to what a
// network that learned must reach and one that did not cannot.
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { loadCore } from "edgegrad";
import { beforeAll, expect, test } from "vitest";
import { breastCancer } from "../../examples/breast-cancer/breast-cancer.ts";
import { diabetes } from "../../examples/diabetes/diabetes.ts";
import { digits } from "../../examples/digits/digits.ts";
import { forecasting } from "../../examples/forecasting/forecasting.ts";
import { autoencoder, cardDefault, cardSample, mammography } from "../../examples/fraud/fraud.ts";
import { iris } from "../../examples/iris/iris.ts";
import { marketTrend } from "../../examples/market-trend/market-trend.ts";
import type { ExampleOptions } from "../../examples/runner/benchmark.ts";
import { bestThreshold, decide } from "../../examples/runner/decisions.ts";
import { wine } from "../../examples/wine/wine.ts";
import { describeShared } from "../shared.ts";

const root = resolve(import.meta.dirname, "../..");
let options: ExampleOptions;
let printed: string[];
beforeAll(async () => {
  printed = [];
  options = { core: await loadCore(), seeds: [1], print: (text) => printed.push(text) };
});

describeShared("small tables", "data/sklearn", () => {
  test("iris", async () => expect((await iris(options)).accuracy).toBeGreaterThan(0.9));
  test("wine", async () => expect((await wine(options)).accuracy).toBeGreaterThan(0.94));
  test("breast cancer", async () =>
    expect((await breastCancer(options)).accuracy).toBeGreaterThanOrEqual(0.97));
  test("digits", async () =>
    expect((await digits({ ...options, effort: 0.5 })).accuracy).toBeGreaterThan(0.965));
  test("diabetes", async () => expect((await diabetes(options))["R²"]).toBeGreaterThan(0.4));

  test("settings are compared inside the training rows", async () => {
    printed = [];
    await iris({ ...options, choose: true });
    expect(printed[0]).toBe("iris: 120 training and 30 test rows");
    expect(printed.filter((line) => /accuracy .*"hidden"/.test(line))).toHaveLength(4);
  });

  test("the command runs an example by name, and says so when there is none", () => {
    const run = (...names: string[]) =>
      spawnSync(process.execPath, ["scripts/run.mjs", "examples/main.ts", ...names], {
        cwd: root,
        encoding: "utf8",
        env: { ...process.env, NODE_OPTIONS: "" },
      });
    const good = run("wine", "--seeds", "1,2");
    expect(good.stderr).toBe("");
    expect(good.stdout).toMatch(/seed 1 .*\nseed 2 .*\nmean of 2 seeds +accuracy 9/);
    const bad = run("whine");
    expect(bad.status).toBe(1);
    expect(bad.stderr).toMatch(/^example: no example is called "whine"; there are fraud, /);
    expect(run("wine", "--seeds", "x").stderr).toMatch(/--seeds: expected whole numbers/);
  });
});

describeShared("fraud", "data/fraud", () => {
  test("card sample: ranking, and a threshold from the training rows", async () => {
    const figures = await cardSample({ ...options, effort: 0.5 });
    expect(figures["ROC-AUC"]).toBeGreaterThan(0.955);
    expect(figures["PR-AUC"]).toBeGreaterThan(0.93);
    expect(figures.precision).toBeGreaterThan(0.9);
    expect(figures.recall).toBeGreaterThan(0.8);
  });

  test("mammography: 2.3 % positives", async () => {
    const figures = await mammography({ ...options, effort: 0.5 });
    expect(figures["ROC-AUC"]).toBeGreaterThan(0.92);
    expect(figures["PR-AUC"]).toBeGreaterThan(0.6);
  });

  test("card default: categories and numbers", async () => {
    expect((await cardDefault({ ...options, effort: 0.25 }))["ROC-AUC"]).toBeGreaterThan(0.75);
  });

  test("an autoencoder that saw ordinary rows only ranks frauds above them", async () => {
    const figures = await autoencoder(options);
    expect(figures["ROC-AUC"]).toBeGreaterThan(0.9);
  });
});

describeShared("time series", "data/timeseries", () => {
  test("seasonal series beat their last value; prices are shown beside theirs", async () => {
    const figures = await forecasting(options);
    for (const name of ["Passengers", "CO2", "Temp"])
      expect(figures[name]!.network).toBeLessThan(0.95 * figures[name]!.last!);
    // The baselines of the data's own page.
    expect(figures.Passengers!.last).toBeCloseTo(52.5, 1);
    expect(figures["S&P 500"]!.last).toBeCloseTo(68.8, 1);
    expect(figures.Temp!.last).toBeCloseTo(2.48, 2);
  });

  test("market trend: beside its baselines, with an interval", async () => {
    const figures = await marketTrend(options);
    expect(figures.interval).toBeGreaterThan(0.05);
    expect(figures["majority accuracy"]).toBeGreaterThan(0.5);
    expect(figures.accuracy).toBeGreaterThan(0.3);
  });
});

test("thresholds: the best F1, equal scores on one side", () => {
  const scores = [0.9, 0.8, 0.8, 0.4, 0.3, 0.1];
  const targets = [1, 1, 0, 1, 0, 0];
  const threshold = bestThreshold(scores, targets);
  // Above 0.8: F1 ½·…; from 0.4 on: 3 of 4 right, none missed.
  expect(threshold).toBeCloseTo(0.35, 12);
  expect(decide(scores, targets, threshold)).toEqual({ precision: 0.75, recall: 1, f1: 6 / 7 });
});
