// Every loss, optimizer and schedule of the library has a name in requests, with the options that it takes.

import { describe, expect, test } from "vitest";
import {
  LOSSES,
  lossNamed,
  OPTIMIZERS,
  optimizerNamed,
  SCHEDULES,
} from "../../src/cloudflare/training-names.ts";
import { ConfigError } from "../../src/errors.ts";
import * as classes from "../../src/losses/classes.ts";
import * as losses from "../../src/losses/losses.ts";
import * as pairs from "../../src/losses/pairs.ts";
import * as family from "../../src/optimizers/adam-family.ts";
import * as elementwise from "../../src/optimizers/elementwise.ts";
import * as optimizers from "../../src/optimizers/optimizers.ts";
import * as library from "../../src/platform/default.ts";
import * as schedules from "../../src/schedules/schedules.ts";

const lossModules = { ...classes, ...losses, ...pairs };
const optimizerModules = { ...family, ...elementwise, ...optimizers };
const isLoss = (value: unknown): boolean => typeof (value as library.Loss)?.perSample === "function";
const isOptimizer = (value: unknown): boolean => (value as library.Optimizer)?.rule !== undefined;
const isSchedule = (value: unknown): boolean => (value as library.Schedule)?.rate !== undefined;

/** Names whose factory gives such a value for one of these arguments. */
function factories(
  ...[source, is, ...tried]: [object, (value: unknown) => boolean, ...unknown[][]]
): string[] {
  return Object.entries(source)
    .filter(([name]) => name in library)
    .filter(([, value]) => typeof value === "function")
    .filter(([, make]) =>
      tried.some((args) => {
        try {
          return is((make as (...args: unknown[]) => unknown)(...args));
        } catch {
          return false;
        }
      }),
    )
    .map(([name]) => name)
    .sort();
}

test("no loss, optimizer or schedule of the library is missing", () => {
  const found = factories(lossModules, isLoss, [{}], [0.5]).filter((name) => name !== "customLoss");
  expect(found).toEqual(Object.keys(LOSSES).sort());
  expect(found.length).toBeGreaterThan(20);
  expect(factories(optimizerModules, isOptimizer, [{}])).toEqual(Object.keys(OPTIMIZERS).sort());
  const options = { steps: 10, every: 5, factor: 0.5, milestones: [3], decay: 1, from: 0.1, first: 4, up: 3 };
  const made = factories(
    schedules,
    isSchedule,
    [0.1, options],
    [0.1, { ...options, factor: 1 }],
    [[3], [1, 2]],
    [0.1, 0.2, options],
    [5, 0.1],
  );
  expect(made.filter((name) => name !== "reduceOnPlateau")).toEqual(Object.keys(SCHEDULES).sort());
});

describe("a rate by name", () => {
  test("is the schedule that the library makes", () => {
    const learningRate = {
      name: "warmUp",
      steps: 5,
      next: { name: "cosineDecay", rate: 0.1, steps: 20 },
      from: 0.2,
    };
    expect(optimizerNamed("adam", { learningRate, clipNorm: 1 })).toEqual(
      library.adam({
        learningRate: library.warmUp(5, library.cosineDecay(0.1, { steps: 20 }), { from: 0.2 }),
        clipNorm: 1,
      }),
    );
    const piecewise = { name: "piecewiseConstant", boundaries: [5], rates: [0.1, 0.01] };
    expect(optimizerNamed("sgd", { learningRate: piecewise })).toEqual(
      library.sgd({ learningRate: library.piecewiseConstant([5], [0.1, 0.01]) }),
    );
  });

  const bad: [string, unknown][] = [
    ["an unknown one", { name: "toString" }],
    ["none", {}],
    ["without its rate", { name: "stepDecay", every: 5 }],
    ["with an unknown option", { name: "stepDecay", rate: 1, every: 5, speed: 2 }],
    ["with text", { name: "stepDecay", rate: "1", every: 5 }],
    ["in endless layers", JSON.parse(`${'{"name":"warmUp","steps":1,"next":'.repeat(9)}1${"}".repeat(9)}`)],
  ];
  test.each(bad)("%s is refused", (_, learningRate) => {
    expect(() => optimizerNamed("adam", { learningRate })).toThrow(ConfigError);
  });
});

test("losses take their options, and no others", () => {
  expect(lossNamed("quantile", { q: 0.9, reduction: "sum" })).toMatchObject({
    name: "quantile",
    reduction: "sum",
  });
  for (const name of Object.keys(LOSSES)) expect(() => lossNamed(name, { nothing: 1 })).toThrow(ConfigError);
  expect(() => lossNamed("quantile")).toThrow(/"q" is missing/);
});
