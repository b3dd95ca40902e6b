// `edgegrad explain` as a user meets it: a process of its own, its output, its exit code, its page.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleProgram } from "../../scripts/run.mjs";
import { adam, dense, mse, sequential } from "../../src/api.ts";
import { testCore } from "../train/session.ts";

let program: string;
let folder: string;

beforeAll(async () => {
  program = await bundleProgram("src/cli/main.ts");
  folder = mkdtempSync(join(tmpdir(), "edgegrad-explain-"));
  const trainer = testCore().trainer(sequential([3], [dense(4, { activation: "tanh" }), dense(2)]), {
    loss: mse(),
    optimizer: adam({ learningRate: 0.01 }),
    batchSize: 4,
    seed: 1,
  });
  trainer.step([1, 0, 1], [0.5, -0.5]);
  writeFileSync(join(folder, "model.safetensors"), trainer.saveModel());
  writeFileSync(join(folder, "run.safetensors"), trainer.saveCheckpoint());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [program, "explain", ...args], { cwd: folder });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err })));
}

test("without anything it explains the linear neuron", async () => {
  const { code, out, err } = await run();
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toContain("One linear neuron");
  expect(out).toContain("z = 0.2·1 + 0.5·0 + (−0.1)·1 = 0.1");
  expect(out).toContain("3 of 3 agree");
});

test("an example as a page and as JSON", async () => {
  const { code, out } = await run("--example", "xor", "--html", "xor.html");
  expect(code).toBe(0);
  expect(out).toContain("page saved to xor.html");
  expect(readFileSync(join(folder, "xor.html"), "utf8")).toContain("<svg");
  const json = await run("--example", "2-2-1", "--json");
  expect(JSON.parse(json.out).explanation.outputs[0]).toBeCloseTo(0.75136507, 6);
});

test("a model file and a checkpoint with a row", async () => {
  const args = ["--sample", "1,0,1", "--target", "0.5,-0.5"];
  const model = await run("model.safetensors", ...args, "--learning-rate", "0.05", "--json");
  const checkpoint = await run("run.safetensors", ...args, "--json");
  expect([model.code, checkpoint.code]).toEqual([0, 0]);
  const [a, b] = [model, checkpoint].map(({ out }) => JSON.parse(out));
  expect(a).toMatchObject({ optimizer: "sgd", learningRate: 0.05, check: { compared: 26, agreeing: 26 } });
  expect(b).toMatchObject({ optimizer: "adam", learningRate: 0.01, loss: { name: "mse" } });
  expect(b.outputs).toEqual(a.outputs);
  const label = await run("model.safetensors", "--sample", "1,0,1", "--target", "1", "--json");
  expect(JSON.parse(label.out).loss.name).toBe("softmaxCrossEntropy");
});

test("a million weights", async () => {
  const { code, out } = await run("--million");
  expect(code).toBe(0);
  expect(out).toMatch(/^1000000 weights: .* one call and take \d+\.\d\d ms/);
});

describe("what cannot be done is one message, exit code 1, and no file", () => {
  test.each<[string, string[], RegExp]>([
    ["an unknown example", ["--example", "nand"], /Allowed choices are linear, and, or, xor, 2-2-1/],
    ["a file without a row", ["model.safetensors"], /--sample/],
    ["a row without a target", ["model.safetensors", "--sample", "1,0,1"], /--target/],
    ["a row that is no numbers", ["model.safetensors", "--sample", "1,x,1", "--target", "1"], /got "x"/],
    ["a row that is too short", ["model.safetensors", "--sample", "1,0", "--target", "1"], /multiple of 3/],
    ["a label that is no class", ["model.safetensors", "--sample", "1,0,1", "--target", "7"], /from 0 to 1/],
    ["a row without a file", ["--sample", "1,0,1"], /goes with a model file/],
    ["a file and an example", ["model.safetensors", "--example", "and"], /give one of them/],
    ["a missing file", ["no.safetensors", "--sample", "1", "--target", "1"], /no such file/],
    ["a folder that is missing", ["--html", "nowhere/page.html"], /there is no folder/],
    [
      "a loss beside a checkpoint",
      ["run.safetensors", "--sample", "1,0,1", "--target", "1,1", "--loss", "mse"],
      /comes from the checkpoint/,
    ],
  ])("%s", async (_, args, message) => {
    const { code, err } = await run(...args, ...(args.includes("--html") ? [] : ["--html", "bad.html"]));
    expect(code).toBe(1);
    expect(err).toMatch(message);
    expect(err).not.toMatch(/\n\s+at /);
    expect(existsSync(join(folder, "bad.html"))).toBe(false);
    expect(readdirSync(folder).filter((name) => name.endsWith(".part"))).toEqual([]);
  });
});
