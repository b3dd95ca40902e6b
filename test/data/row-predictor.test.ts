// A model file that takes raw rows: written, read back, predicted from; and what of it is refused when it is hostile.
import { beforeAll, describe, expect, test } from "vitest";
import { tabularData } from "../../src/data/apply-preprocessing.ts";
import { fitPreprocessing } from "../../src/data/fit-preprocessing.ts";
import type { Preprocessing } from "../../src/data/preprocessing.ts";
import {
  PREPROCESSING,
  preprocessingFromJson,
  preprocessingIn,
  withPreprocessing,
} from "../../src/data/preprocessing-file.ts";
import { rowPredictor } from "../../src/data/row-predictor.ts";
import { type Cell, tableFromRecords } from "../../src/data/table.ts";
import { outputCount, tabularModel } from "../../src/data/tabular-model.ts";
import { FormatError } from "../../src/errors.ts";
import { readSafetensors, type SafetensorsTensor, writeSafetensors } from "../../src/io/safetensors.ts";
import { adam, type Core, dense, loadCore, mse, softmaxCrossEntropy } from "../../src/platform/default.ts";
import { loadCore as loadPredictCore } from "../../src/platform/predict.ts";

const CITIES = ["Oslo", "Rome", "Bern"];
type Row = Record<string, Cell>;
/** Buys where the city is Rome or the age is above 50; pays by age. Some ages are missing. */
const rows: Row[] = Array.from({ length: 240 }, (_, i) => {
  const age = (i * 37) % 80;
  const city = CITIES[i % 3]!;
  return {
    age: i % 11 === 0 ? "" : String(age),
    city,
    since: `20${String(10 + (i % 10))}-03-0${1 + (i % 9)}`,
    buys: city === "Rome" || (age > 50 && i % 11 !== 0) ? "yes" : "no",
    pays: 100 + 3 * age,
  };
});
const table = tableFromRecords(rows);

let core: Core;
beforeAll(async () => {
  core = await loadCore();
});

async function trained(preprocessing: Preprocessing): Promise<Uint8Array> {
  const model = tabularModel(preprocessing, [
    dense(24, { activation: "relu" }),
    dense(outputCount(preprocessing)),
  ]);
  using trainer = core.trainer(model, {
    loss: preprocessing.target?.type === "classes" ? softmaxCrossEntropy() : mse(),
    optimizer: adam({ learningRate: 0.01 }),
    seed: 1,
  });
  await trainer.fit(tabularData(preprocessing, table), { epochs: 60 });
  return withPreprocessing(trainer.saveModel(), preprocessing);
}

describe.each(["oneHot", "embedding"] as const)("classes, %s", (encode) => {
  const preprocessing = fitPreprocessing(table, {
    target: "buys",
    ignore: ["pays"],
    columns: { city: { encode } },
  });
  let file: Uint8Array;
  beforeAll(async () => {
    file = await trained(preprocessing);
  });

  test("raw rows go in, class names come out", () => {
    const predictor = rowPredictor(core, file);
    expect(predictor.classes).toEqual(["no", "yes"]);
    const right = predictor.predict(rows).filter(({ value }, i) => value === rows[i]!.buys).length;
    expect(right / rows.length).toBeGreaterThan(0.95);
    const [first] = predictor.predict([{ age: 30, city: "Rome", since: "2015-03-04" }]);
    expect(first!.value).toBe("yes");
    expect(first!.probabilities!.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
    expect(() => predictor.predict([{ age: "old", city: "Rome", since: "2015-03-04" }])).toThrow(
      /row 1, column "age": expected a number, got "old"/,
    );
    predictor.dispose();
  });

  test("the prediction entry gives the same, and the file is still a model", async () => {
    const small = rowPredictor(await loadPredictCore(), file);
    const whole = rowPredictor(core, file);
    expect(small.predict(rows)).toEqual(whole.predict(rows));
    expect(preprocessingIn(file)).toEqual(preprocessing);
  });
});

test("numbers come out in their own unit", async () => {
  const preprocessing = fitPreprocessing(table, { target: "pays", ignore: ["buys", "city", "since"] });
  const predictor = rowPredictor(core, await trained(preprocessing));
  const [{ value }] = predictor.predict([{ age: 40 }]) as [{ value: number }];
  expect(Math.abs(value - 220)).toBeLessThan(10);
});

test("a checkpoint keeps its preprocessing and still resumes", () => {
  const preprocessing = fitPreprocessing(table, { target: "buys", ignore: ["pays"] });
  using trainer = core.trainer(tabularModel(preprocessing, [dense(2)]), {
    loss: softmaxCrossEntropy(),
    optimizer: adam({ learningRate: 0.01 }),
  });
  const checkpoint = withPreprocessing(trainer.saveCheckpoint(), preprocessing);
  using resumed = core.resume(checkpoint);
  expect(resumed.fingerprint()).toBe(trainer.fingerprint());
  expect(preprocessingIn(checkpoint)).toEqual(preprocessing);
});

describe("hostile files", () => {
  const good = fitPreprocessing(table, {
    target: "buys",
    ignore: ["pays"],
    columns: { city: { encode: "embedding", dimensions: 2 } },
  });
  const [age, city, since] = good.columns as [object, object, object];
  const columns = (...list: unknown[]) => ({ ...good, columns: list });

  test.each<[string, unknown, RegExp]>([
    ["no object", 7, /it is no object/],
    ["null", null, /it is no object/],
    ["a list", [], /it is no object/],
    ["a newer version", { ...good, version: 2 }, /version 2, this release reads 1/],
    ["no version", { ...good, version: undefined }, /it has the fields/],
    ["a field too many", { ...good, code: "x" }, /it has the fields/],
    ["no columns", columns(), /it has no columns/],
    ["columns as an object", { ...good, columns: {} }, /columns is no list/],
    ["too many columns", columns(...new Array(10_001).fill(age)), /columns is no list of at most/],
    ["a column twice", columns(age, age), /it names a column twice/],
    ["the target as a column", { ...good, ignored: ["buys"] }, /it names a column twice/],
    ["an unknown type", columns({ ...age, type: "text" }), /the type of column "age"/],
    ["a divisor of 0", columns({ ...age, divisor: 0 }), /divisor of column "age" is 0/],
    ["a divisor that is text", columns({ ...age, divisor: "1" }), /divisor of column "age" is no number/],
    ["a fill that is no number", columns({ ...age, fill: "x" }), /fill of column "age" is no number/],
    ["a flag that is no flag", columns({ ...age, flag: 1 }), /neither true nor false/],
    ["a long name", columns({ ...age, name: "n".repeat(2000) }), /at most 1000/],
    ["a name that is no text", columns({ ...age, name: 5 }), /must be text/],
    ["a prototype's name", columns({ ...age, name: "constructor" }), /must not be called/],
    ["values twice", columns({ ...city, values: ["a", "a"] }), /holds a value twice/],
    ["values that are no text", columns({ ...city, values: [1, 2] }), /holds something that is no text/],
    ["no values", columns({ ...city, values: [] }), /has no values/],
    ["a wide embedding", columns({ ...city, dimensions: 1e9 }), /has 1000000000 dimensions/],
    ["a missing index out of range", columns({ ...city, missing: 3 }), /what is missing/],
    ["a date beyond dates", columns({ ...since, fill: 1e17 }), /is no date/],
    [
      "an unknown part",
      columns({ ...since, parts: [{ part: "moon", offset: 0, divisor: 1 }] }),
      /a part of column/,
    ],
    ["no parts", columns({ ...since, parts: [] }), /has no parts/],
    [
      "one class",
      { ...good, target: { type: "classes", name: "buys", values: ["no"] } },
      /fewer than two classes/,
    ],
    ["an unknown target", { ...good, target: { type: "ranking" } }, /type of the target/],
  ])("%s", (_, raw, message) => {
    const read = () => preprocessingFromJson(JSON.stringify(raw));
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
  });

  test("text that is no JSON, or reaches for a prototype, or is too long", () => {
    expect(() => preprocessingFromJson("{")).toThrow(/is no JSON/);
    expect(() => preprocessingFromJson('{"__proto__":{"version":1}}')).toThrow(/the name "__proto__"/);
    expect(() => preprocessingFromJson(`"${"x".repeat(16_000_001)}"`)).toThrow(/at most 16000000/);
    expect(preprocessingFromJson(JSON.stringify(good))).toEqual(good);
  });

  test("a preprocessing that does not fit its model, and a file without one", async () => {
    using trainer = core.trainer(tabularModel(good, [dense(2)]), {
      loss: softmaxCrossEntropy(),
      optimizer: adam({ learningRate: 0.01 }),
    });
    const file = trainer.saveModel();
    expect(() => rowPredictor(core, file)).toThrow(/holds no preprocessing/);
    const other = fitPreprocessing(table, { target: "buys", ignore: ["pays", "city"] });
    expect(() => rowPredictor(core, withPreprocessing(file, other))).toThrow(
      /preprocessing makes .* its model takes/,
    );
    const { metadata, tensors } = readSafetensors(file);
    const parts = [...tensors].map(([name, t]) => ({ name, ...t }) as SafetensorsTensor);
    const broken = writeSafetensors(parts, { ...metadata, [PREPROCESSING]: "[]" });
    expect(() => rowPredictor(core, broken)).toThrow(FormatError);
  });
});
