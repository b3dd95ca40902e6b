// The command line as a user meets it: a process of its own, its output, its exit code, its files.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleProgram } from "../../scripts/run.mjs";
import { writeIdx } from "../../src/data/idx.ts";
import { drawDigits } from "../../src/data/synthetic-digits.ts";

let program: string;
let folder: string;

beforeAll(async () => {
  program = await bundleProgram("src/cli/main.ts");
  folder = mkdtempSync(join(tmpdir(), "edgegrad-cli-"));
  const digits = drawDigits({ count: 1200, seed: 3 });
  const put = (name: string, from: number, to: number) => {
    const x = digits.x.subarray(from * 784, to * 784);
    writeFileSync(join(folder, `${name}-images-idx3-ubyte`), writeIdx([to - from, 28, 28], x));
    writeFileSync(
      join(folder, `${name}-labels-idx1-ubyte`),
      writeIdx([to - from], digits.y.subarray(from, to)),
    );
  };
  put("train", 0, 1000);
  put("t10k", 1000, 1200);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(...args: string[]): { child: ChildProcess; ended: Promise<Ended>; out: () => string } {
  const child = spawn(process.execPath, [program, ...args], { cwd: folder });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  const ended = new Promise<Ended>((resolve) => child.on("close", (code) => resolve({ code, out, err })));
  return { child, ended, out: () => out };
}

const run = (...args: string[]) => start(...args).ended;
const at = (name: string) => join(folder, name);
const records = ({ out }: Ended) =>
  out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("train, predict, inspect", () => {
  beforeAll(async () => {
    expect(await run("train", "--data", ".", "--epochs", "12", "--seed", "1")).toMatchObject({
      code: 0,
      err: "",
    });
  });

  test("plain lines without a terminal, a model that predicts as it was tested", async () => {
    const { out, code } = await run(
      "train",
      "--data",
      ".",
      "--epochs",
      "12",
      "--seed",
      "1",
      "--out",
      "again.safetensors",
    );
    expect(code).toBe(0);
    expect(out.match(/^epoch \d+\/12 · loss .* samples\/s/gm)).toHaveLength(12);
    const tested = /^test accuracy ([\d.]+%) on 200 images/m.exec(out)![1]!;
    expect(Number.parseFloat(tested)).toBeGreaterThan(75);
    const predicted = await run("predict", "--model", "model.safetensors", "--data", ".");
    expect(predicted.out).toContain(`accuracy ${tested} on 200 images`);
    expect(predicted.out).toMatch(/truth │ +0 +1 .*recall/);
    expect(predicted.out).toMatch(/predicted \d ✓/);
    // The same arguments give the same file.
    expect(readFileSync(at("again.safetensors")).equals(readFileSync(at("model.safetensors")))).toBe(true);
  });

  test("--json: every line of standard output is a value", async () => {
    const trained = records(
      await run("train", "--data", ".", "--epochs", "2", "--json", "--out", "json.safetensors"),
    );
    expect(trained.map(({ event }) => event)).toEqual(["start", "epoch", "epoch", "done"]);
    expect(trained[3].fingerprint).toMatch(/^[0-9a-f]{64}$/);
    const [predicted] = records(
      await run("predict", "--model", "model.safetensors", "--data", ".", "--json"),
    );
    expect(predicted.predictions).toHaveLength(200);
    const [inspected] = records(await run("inspect", "model.safetensors", "--json", "--tape"));
    expect(inspected.parameters).toBe(784 * 128 + 128 + 128 * 10 + 10);
    expect(
      inspected.layers.map(({ op, outputShape }: Record<string, string>) => `${op} ${outputShape}`),
    ).toEqual(["rescale [N, 784]", "dense [N, 128]", "dense [N, 10]"]);
    expect(inspected.layers[1].flops).toBeGreaterThanOrEqual(2 * 784 * 128);
    expect(inspected.predict.bytes.total).toBeGreaterThan(4 * inspected.parameters);
    expect(inspected.tape.some((line: string) => /Gemm .*layers\.1/.test(line))).toBe(true);
  });

  test("demo: trains, loads back, serves, and compares to the bit", async () => {
    const { code, out, err } = await run("demo", "--data", ".", "--epochs", "2");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("the same 200 predictions, bit for bit");
    // This bundle lies apart from the workerd entry, so the demo has to say why and fall back.
    expect(out).toMatch(/workerd cannot run here: .*; serving from Node instead/);
    expect(out).toMatch(/served from Node at http:\/\/127\.0\.0\.1:\d+: .* same logits for 20 images/);
    expect(existsSync(at("models/digits.safetensors"))).toBe(true);
  });
});

test("Ctrl-C saves a checkpoint and says how to go on; going on gives the uninterrupted file", async () => {
  const common = ["--data", ".", "--epochs", "60"];
  const { child, ended, out } = start("train", ...common, "--out", "cut short.safetensors");
  await expect.poll(out, { timeout: 20_000 }).toContain("epoch 3/60");
  child.kill("SIGINT");
  const { code, err, out: printed } = await ended;
  expect(code).toBe(1);
  expect(printed).not.toContain("epoch 60/60");
  expect(existsSync(at("cut short.safetensors"))).toBe(false);
  expect(err).toMatch(
    /^edgegrad: interrupted at step \d+; checkpoint saved to cut short\.checkpoint\.safetensors\. Go on with:\n/,
  );
  const command = err.split("\n")[1]!.trim();
  expect(command).toMatch(
    /train --resume 'cut short\.checkpoint\.safetensors' --epochs 60 --data \. --out 'cut short\.safetensors'$/,
  );

  const args = ["--resume", "cut short.checkpoint.safetensors", ...common, "--out", "cut short.safetensors"];
  expect(await run("train", ...args)).toMatchObject({ code: 0, err: "" });
  expect((await run("train", ...common, "--out", "whole.safetensors")).code).toBe(0);
  expect(readFileSync(at("cut short.safetensors")).equals(readFileSync(at("whole.safetensors")))).toBe(true);
});

describe("bad input: exit code 1 and one readable message, never a stack trace", () => {
  beforeAll(async () => {
    await run(
      "train",
      "--data",
      ".",
      "--epochs",
      "1",
      "--out",
      "good.safetensors",
      "--checkpoint",
      "good.checkpoint",
    );
    writeFileSync(at("cut.safetensors"), readFileSync(at("good.safetensors")).subarray(0, 5000));
    const flipped = readFileSync(at("good.safetensors"));
    flipped[flipped.length - 1]! ^= 1;
    writeFileSync(at("flipped.safetensors"), flipped);
    writeFileSync(at("text.safetensors"), "not a model, but long enough to have a header");
  });

  test.each<[string, string[], RegExp]>([
    ["no such folder", ["train", "--data", "nowhere"], /nowhere: no such folder/],
    ["no files in the folder", ["train", "--data", "models"], /models: no train images here/],
    [
      "no folder to write to",
      ["train", "--out", "no/where.safetensors"],
      /cannot be written: there is no folder/,
    ],
    ["unknown option", ["train", "--epoch", "3"], /unknown option '--epoch'/],
    ["unknown command", ["trian"], /unknown command 'trian'/],
    [
      "epochs out of range",
      ["train", "--epochs", "0"],
      /--epochs <n>' argument '0' is invalid. Expected a whole number from 1/,
    ],
    ["rate out of range", ["train", "--learning-rate", "-1"], /Expected a number above 0/],
    ["unknown model", ["train", "--model", "resnet"], /Allowed choices are mlp/],
    [
      "plan too large",
      ["train", "--data", ".", "--batch-size", "100000000"],
      /the plan needs .* over maxBytes/,
    ],
    [
      "divergence",
      ["train", "--data", ".", "--learning-rate", "1e30"],
      /layers\.\d.* weights and optimizer state are unchanged/,
    ],
    [
      "no such checkpoint",
      ["train", "--data", ".", "--resume", "nothing"],
      /nothing: cannot be read: no such file/,
    ],
    [
      "a model is no checkpoint",
      ["train", "--data", ".", "--resume", "good.safetensors"],
      /good\.safetensors: the file is no checkpoint/,
    ],
    [
      "option that a checkpoint fixes",
      ["train", "--data", ".", "--resume", "good.checkpoint", "--seed", "2"],
      /--seed comes from the checkpoint/,
    ],
    ["nothing to predict", ["predict", "--model", "good.safetensors"], /say either --data DIR/],
    [
      "model cut short",
      ["predict", "--digits", "--model", "cut.safetensors"],
      /cut\.safetensors: .*cut short/,
    ],
    [
      "model damaged",
      ["predict", "--digits", "--model", "flipped.safetensors"],
      /flipped\.safetensors: .*damaged or changed/,
    ],
    ["no model at all", ["inspect", "text.safetensors"], /text\.safetensors: .*is this a safetensors file\?/],
    ["a folder for a model", ["inspect", "."], /\.: cannot be read: is a folder/],
  ])("%s", async (_, args, message) => {
    const { code, out, err } = await run(...args);
    expect(err).toMatch(message);
    expect(code).toBe(1);
    expect(out + err).not.toMatch(/^ +at .*[:(]\d+|Error:.*\n +at /m);
    // The message, perhaps "Did you mean …?", and where to find help.
    expect(err.trimEnd().split("\n").length).toBeLessThanOrEqual(3);
  });

  test("--json reports the error as a value too", async () => {
    const ended = await run("inspect", "cut.safetensors", "--json");
    expect(records(ended)).toEqual([
      expect.objectContaining({ event: "error", code: "safetensors/truncated" }),
    ]);
    expect(ended.code).toBe(1);
  });
});
