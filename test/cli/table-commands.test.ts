// Tables on the command line, as a user meets them: train, predict, evaluate, cross-validate, options from a file.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleProgram } from "../../scripts/run.mjs";

let program: string;
let folder: string;
const at = (name: string) => join(folder, name);
const put = (name: string, text: string | Buffer) => writeFileSync(at(name), text);

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(...args: string[]) {
  const child = spawn(process.execPath, [program, ...args], { cwd: folder });
  const text = { out: "", err: "" };
  child.stdout.on("data", (chunk) => {
    text.out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    text.err += chunk;
  });
  const ended = new Promise<Ended>((resolve) => child.on("close", (code) => resolve({ code, ...text })));
  return { child, ended, out: () => text.out };
}
const run = (...args: string[]) => start(...args).ended;
const records = ({ out }: Ended) =>
  out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

/** Buys in Rome, or above 50; pays by age. Some ages are missing; a city has a comma in its name. */
const CITIES = ["Oslo", "Rome", "Bern, CH"];
const people = Array.from({ length: 300 }, (_, i) => {
  const age = 18 + ((i * 37) % 60);
  const city = CITIES[i % 3]!;
  return {
    cells: [i, i % 13 === 0 ? "" : age, `"${city}"`, `20${10 + (i % 10)}-0${1 + (i % 9)}-11`],
    buys: city === "Rome" || age > 50 ? "yes" : "no",
    pays: 100 + 3 * age,
  };
});
const HEAD = "id,age,city,since,buys,pays";
const csv = [HEAD, ...people.map(({ cells, buys, pays }) => [...cells, buys, pays].join(","))].join("\n");
const common = ["--data", "people.csv", "--target", "buys", "--ignore", "id", "pays"];

beforeAll(async () => {
  program = await bundleProgram("src/cli/main.ts");
  folder = mkdtempSync(join(tmpdir(), "edgegrad-tables-"));
  put("people.csv", csv);
  put("people.csv.gz", gzipSync(csv));
  put("new.csv", "city,age,since\nRome,30,2015-03-11\nOslo,20,2011-02-11\n");
  expect(await run("train", ...common, "--epochs", "120", "--seed", "1")).toMatchObject({ code: 0, err: "" });
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("classes", () => {
  test("train says what it found, and the model takes raw rows", async () => {
    const trained = await run(
      "train",
      ...common,
      "--epochs",
      "120",
      "--seed",
      "1",
      "--out",
      "again.safetensors",
    );
    expect(trained.out).toContain(
      '240 training and 60 test rows, 3 columns as 10 features, "buys" is 2 classes',
    );
    expect(trained.out.match(/^epoch \d+\/120 · loss .* test accuracy/gm)).toHaveLength(120);
    expect(Number(/^test accuracy ([\d.]+)%/m.exec(trained.out)![1])).toBeGreaterThan(85);
    expect(readFileSync(at("again.safetensors")).equals(readFileSync(at("model.safetensors")))).toBe(true);
    const predicted = await run("predict", "--model", "model.safetensors", "--data", "new.csv");
    const lines = predicted.out.trimEnd().split("\n");
    expect(lines[0]).toBe("prediction,probability of no,probability of yes");
    expect(lines.slice(1).map((line) => line.split(",")[0])).toEqual(["yes", "no"]);
  });

  test("predict to a file and as JSON; the gzipped table is the same table", async () => {
    const saved = await run(
      "predict",
      "--model",
      "model.safetensors",
      "--data",
      "new.csv",
      "--out",
      "answers.csv",
    );
    expect(saved.out).toBe("2 predictions saved to answers.csv\n");
    expect(readFileSync(at("answers.csv"), "utf8").split("\n")).toHaveLength(4);
    const [first] = records(
      await run("predict", "--model", "model.safetensors", "--data", "new.csv", "--json"),
    );
    expect(first).toMatchObject({ row: 1, prediction: "yes", classes: ["no", "yes"] });
    const evaluated = (file: string) =>
      run("evaluate", "--model", "model.safetensors", "--data", file, "--json");
    expect((await evaluated("people.csv.gz")).out).toBe((await evaluated("people.csv")).out);
  });

  test("evaluate: figures and the confusion matrix with names", async () => {
    const { out } = await run("evaluate", "--model", "model.safetensors", "--data", "people.csv");
    expect(out).toMatch(/truth │ +no +yes │ recall/);
    expect(out).toMatch(
      /accuracy (9\d|100)\.\d+% · log loss [\d.]+ · ROC-AUC (0\.9|1\.0)\d+ · PR-AUC (0\.9|1\.0)\d+ on 300 rows/,
    );
  });

  test("cross-validate: each fold, the mean and the deviation", async () => {
    const events = records(
      await run("cross-validate", ...common, "--folds", "3", "--epochs", "60", "--json"),
    );
    expect(events.map(({ event }) => event)).toEqual(["fold", "fold", "fold", "done"]);
    expect(events[3].mean.accuracy).toBeCloseTo(
      (events[0].accuracy + events[1].accuracy + events[2].accuracy) / 3,
      12,
    );
    expect(events[3].mean.accuracy).toBeGreaterThan(0.8);
  });

  test("find-lr: a curve, and a rate that lies in the range and learns", async () => {
    const [search] = records(await run("find-lr", ...common, "--json"));
    expect(search.points.length).toBeGreaterThan(50);
    expect(search.suggestion).toBeGreaterThan(1e-4);
    expect(search.suggestion).toBeLessThan(1);
    const { out } = await run("find-lr", ...common, "--from", "1e-4", "--to", "1", "--steps", "40");
    expect(out).toMatch(/^ *rate +loss +smoothed/);
    expect(out).toMatch(/smoothed loss by rate, 0\.00010 at the left\n +loss\n/);
    expect(out).toMatch(/begin with --learning-rate [\d.]+: /);
    expect((await run("find-lr", ...common, "--from", "1", "--to", "0.1")).err).toMatch(
      /to must be a finite number above from/,
    );
  });

  test("embeddings, balance, hidden layers, a test file, early stopping", async () => {
    const held = [HEAD, ...csv.split("\n").slice(1, 41)].join("\n");
    put("held.csv", held);
    const events = records(
      await run(
        ...["train", ...common, "--embed", "city", "--balance", "--hidden", "24,12", "--dropout", "0.1"],
        ...["--test", "held.csv", "--patience", "2", "--epochs", "400", "--learning-rate", "0.02"],
        ...["--out", "embedded.safetensors", "--json"],
      ),
    );
    expect(events[0]).toMatchObject({ trainRows: 300, testRows: 40 });
    expect(events.at(-1)).toMatchObject({ event: "done", reason: "stopped" });
    expect(events.at(-1).test.accuracy).toBeGreaterThan(0.85);
    const predicted = await run("predict", "--model", "embedded.safetensors", "--data", "new.csv");
    expect(predicted.out).toMatch(/\nyes,/);
  });

  test("the doctor and the report work on tables", async () => {
    const { out, code } = await run(
      "train",
      ...common,
      "--epochs",
      "3",
      "--doctor",
      "--out",
      "examined.safetensors",
      "--report",
      "report.html",
    );
    expect(code).toBe(0);
    expect(out).toContain("report saved to report.html");
    expect(readFileSync(at("report.html"), "utf8")).toContain("yes");
  });
});

test("numbers: figures and predictions in the unit of the file, splits by time and group", async () => {
  const args = ["--data", "people.csv", "--target", "pays", "--ignore", "id", "buys", "--epochs", "150"];
  const { out } = await run(
    "train",
    ...args,
    "--split",
    "time",
    "--split-by",
    "since",
    "--out",
    "pays.safetensors",
  );
  expect(Number(/RMSE ([\d.]+)/.exec(out)![1])).toBeLessThan(40);
  const answers = (await run("predict", "--model", "pays.safetensors", "--data", "new.csv")).out.split("\n");
  expect(answers[0]).toBe("prediction");
  expect(Math.abs(Number(answers[1]) - 190)).toBeLessThan(40);
  const grouped = await run(
    "train",
    ...args.slice(0, 4),
    "--split",
    "group",
    "--split-by",
    "city",
    "--ignore",
    "id",
    "buys",
    "--json",
    "--out",
    "grouped.safetensors",
  );
  // A city as a whole is the test, and its name is no feature.
  expect(records(grouped)[0]).toMatchObject({ trainRows: 200, testRows: 100, features: 7 });
});

describe("options from a file", () => {
  test("what is typed wins, and equal options give equal files", async () => {
    const options = {
      data: "people.csv",
      target: "buys",
      ignore: ["id", "pays"],
      epochs: 2,
      hidden: [8],
      seed: 3,
    };
    put("config.json", JSON.stringify(options));
    const events = records(
      await run("train", "--config", "config.json", "--epochs", "3", "--json", "--out", "a.safetensors"),
    );
    expect(events.filter(({ event }) => event === "epoch")).toHaveLength(3);
    await run("train", ...common, "--epochs", "3", "--hidden", "8", "--seed", "3", "--out", "b.safetensors");
    expect(readFileSync(at("a.safetensors")).equals(readFileSync(at("b.safetensors")))).toBe(true);
  });

  test.each<[string, unknown, RegExp]>([
    ["unknown", { target: "buys", epohcs: 3 }, /config\.json: unknown option "epohcs"; known are data, /],
    [
      "of another type",
      { epochs: "many" },
      /config\.json: epochs: Invalid type: Expected number but received "many"/,
    ],
    ["out of range", { testFraction: 2 }, /config\.json: testFraction: .*<1/],
    ["of another command", { folds: 3 }, /config\.json: "train" has no option "folds"/],
    ["no object", [1], /config\.json: expected an object of options/],
    ["a choice that is none", { data: "people.csv", model: "resnet9000" }, /model: expected one of/],
  ])("%s", async (_, content, message) => {
    put("config.json", JSON.stringify(content));
    const { code, err } = await run("train", "--config", "config.json");
    expect(code).toBe(1);
    expect(err).toMatch(message);
    expect(err).not.toMatch(/\n\s+at /);
  });

  test("no JSON, no file", async () => {
    put("config.json", "{");
    expect((await run("train", "--config", "config.json")).err).toMatch(/config\.json: is no JSON/);
    expect((await run("train", "--config", "nowhere.json")).err).toMatch(
      /nowhere\.json: cannot be read: no such file/,
    );
  });
});

test("Ctrl-C saves a checkpoint with its preprocessing; going on gives the uninterrupted file", async () => {
  const args = [...common, "--epochs", "20000", "--hidden", "64,64"];
  const { child, ended, out } = start("train", ...args, "--out", "cut.safetensors");
  await expect.poll(out, { timeout: 20_000 }).toContain("epoch 3/20000");
  child.kill("SIGINT");
  const { code, err } = await ended;
  expect(code).toBe(1);
  expect(existsSync(at("cut.safetensors"))).toBe(false);
  expect(err).toMatch(
    /train --resume cut\.checkpoint\.safetensors --epochs 20000 --out cut\.safetensors --data people\.csv --target buys$/m,
  );
  const step = Number(/interrupted at step (\d+)/.exec(err)![1]);
  const epochs = String(Math.ceil(step / 8) + 2);
  const resume = ["--resume", "cut.checkpoint.safetensors", "--data", "people.csv", "--target", "buys"];
  expect(await run("train", ...resume, "--epochs", epochs, "--out", "cut.safetensors")).toMatchObject({
    code: 0,
    err: "",
  });
  await run("train", ...common, "--hidden", "64,64", "--epochs", epochs, "--out", "whole.safetensors");
  expect(readFileSync(at("cut.safetensors")).equals(readFileSync(at("whole.safetensors")))).toBe(true);
});

describe("bad input: exit code 1, one readable message, no file left behind", () => {
  beforeAll(() => {
    put("ragged.csv", "a,b\n1,2\n3\n");
    put(
      "text.csv",
      `a,y\n${Array.from({ length: 20 }, (_, i) => `${i === 6 ? "six" : i},${i % 2}`).join("\n")}\n`,
    );
    put("quote.csv", 'a,b\n"1,2\n');
    put("empty.csv", "");
    put("one.csv", "a,y\n1,0\n2,0\n3,0\n");
    put("missing.csv", `a,b,y\n${Array.from({ length: 10 }, (_, i) => `${i},,${i % 2}`).join("\n")}\n`);
    put("oslo.csv", "city,age,since\nOslo,old,2011-02-11\n");
    put("columns.csv", "city,age,since,shoe\nOslo,3,2011-02-11,42\n");
    put("damaged.csv.gz", Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]));
  });

  test.each<[string, string[], RegExp]>([
    ["no target", ["train", "--data", "people.csv"], /say which column to predict: --target COLUMN/],
    [
      "an unknown target",
      ["train", "--data", "people.csv", "--target", "buy"],
      /people\.csv: there is no column "buy"; there are "id", /,
    ],
    ["an unknown column", ["train", ...common, "--category", "shoe"], /no column "shoe"/],
    ["no such file", ["train", "--data", "no.csv", "--target", "y"], /no\.csv: cannot be read: no such file/],
    [
      "ragged rows",
      ["train", "--data", "ragged.csv", "--target", "b"],
      /ragged\.csv: row 2 has 1 cells, expected 2/,
    ],
    [
      "text among numbers",
      ["train", "--data", "text.csv", "--target", "y"],
      /text\.csv: row 7, column "a": expected a number as in most rows, got "six"/,
    ],
    ["an open quote", ["train", "--data", "quote.csv", "--target", "b"], /quote\.csv: .*[Qq]uote/],
    [
      "an empty file",
      ["train", "--data", "empty.csv", "--target", "b"],
      /empty\.csv: expected a line of names/,
    ],
    [
      "a damaged gzip",
      ["train", "--data", "damaged.csv.gz", "--target", "b"],
      /damaged\.csv\.gz: it is damaged/,
    ],
    ["one class", ["train", "--data", "one.csv", "--target", "y"], /one\.csv: column "y" has one class only/],
    [
      "a column without values",
      ["train", "--data", "missing.csv", "--target", "y"],
      /missing\.csv: column "b" has no value/,
    ],
    ["a split without its column", ["train", ...common, "--split", "time"], /--split time needs --split-by/],
    ["a column without its split", ["train", ...common, "--split-by", "age"], /--split-by goes with/],
    [
      "two ways to test",
      ["train", ...common, "--test", "people.csv", "--test-fraction", "0.3"],
      /leave out --split and --test-fraction/,
    ],
    [
      "balanced numbers",
      ["train", "--data", "people.csv", "--target", "pays", "--balance"],
      /--balance is about classes/,
    ],
    ["a model for pictures", ["train", ...common, "--model", "mlp"], /--model is for pictures/],
    ["table options for pictures", ["train", "--target", "y"], /--target is for tables/],
    ["sizes that are none", ["train", ...common, "--hidden", "64,x"], /Expected whole numbers such as 64,32/],
    [
      "patience and a checkpoint",
      [
        "train",
        "--data",
        "people.csv",
        "--target",
        "buys",
        "--resume",
        "model.safetensors",
        "--patience",
        "3",
      ],
      /--patience cannot go on/,
    ],
    [
      "a row that does not fit",
      ["predict", "--model", "model.safetensors", "--data", "oslo.csv", "--out", "p.csv"],
      /oslo\.csv: row 1, column "age": expected a number, got "old"/,
    ],
    [
      "a column of no training",
      ["predict", "--model", "model.safetensors", "--data", "columns.csv", "--out", "p.csv"],
      /columns\.csv: column "shoe" was not there in training/,
    ],
    [
      "a file without the target",
      ["evaluate", "--model", "model.safetensors", "--data", "new.csv"],
      /new\.csv: there is no column "buys"/,
    ],
    ["nothing to evaluate on", ["evaluate", "--model", "model.safetensors"], /say either --data PATH/],
    [
      "more folds than rows",
      ["cross-validate", "--data", "one.csv", "--target", "a", "--task", "regression", "--folds", "9"],
      /folds: expected at most 3/,
    ],
    ["pictures to cross-validate", ["cross-validate", "--data", ".", "--target", "a"], /say which table/],
  ])("%s", async (_, args, message) => {
    const before = readdirSync(folder).filter((name) => name !== "model.safetensors");
    const { code, err } = await run(...args);
    expect(code).toBe(1);
    expect(err).toMatch(message);
    expect(err).not.toMatch(/\n\s+at /);
    expect(readdirSync(folder).filter((name) => name !== "model.safetensors")).toEqual(before);
  });
});
