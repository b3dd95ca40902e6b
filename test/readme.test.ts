// Every TypeScript sample of the README runs as it stands, against the built package.
//
// Invariant: a sample is a program of its own; what it prints is held to what the text beside it says.

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { transformSync } from "esbuild";
import { beforeAll, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const text = readFileSync(join(root, "README.md"), "utf8");
const samples = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1]!);

const node = (...args: string[]) =>
  spawnSync(process.execPath, args, {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, NODE_OPTIONS: "" },
  });

/** What a sample prints, line by line. */
function run(index: number): string[] {
  const folder = join(root, "build", "programs");
  const file = join(folder, `readme-${index}.mjs`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, transformSync(samples[index]!, { loader: "ts", format: "esm" }).code);
  const { status, stdout, stderr } = node(file);
  expect(status, stderr).toBe(0);
  return stdout.trimEnd().split("\n");
}

beforeAll(() => {
  const built = node("scripts/build.mjs", "--only", "core,js");
  expect(built.status, built.stderr).toBe(0);
});

test("the README has three samples", () => {
  expect(samples).toHaveLength(3);
});

test("the first sample learns digits, saves and predicts", () => {
  const [evaluation, last] = run(0);
  expect(Number(evaluation!.match(/accuracy: ([\d.]+)/)?.[1])).toBeGreaterThan(0.8);
  expect(last).toMatch(/^[0-9a-f]{64} 10000$/);
});

test("the second sample stops at its budget and goes on to the end", () => {
  const lines = run(1);
  expect(lines.at(-2)).toMatch(/ 100 [\d.e-]+ budget$/);
  const [loss, steps] = lines.at(-1)!.split(" ").map(Number);
  expect(steps).toBe(50 * (256 / 16));
  expect(loss).toBeLessThan(0.01);
});

test("the third sample has gradients of what is not frozen", () => {
  const [names, numbers] = run(2);
  expect(names).toBe("[ 'head.weight', 'head.bias' ]");
  expect(numbers).toMatch(/^[\d.]+ \d+$/);
});
