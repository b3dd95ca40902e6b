// Every sample of docs/training.md runs as it stands, on the library's sources.
//
// Invariant: a sample is a program of its own beside the page's data; what it prints is held to what the text says.

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { transformSync } from "esbuild";
import { expect, test } from "vitest";

import * as data from "../src/data/index.ts";
import * as library from "../src/platform/default.ts";
import { numbers } from "./train/session.ts";

const page = readFileSync(join(resolve(import.meta.dirname, ".."), "docs", "training.md"), "utf8");
const samples = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1]!);

/** Two features, a label that is 1 for about one row in six. */
function drawn(rows: number, seed: number) {
  const x = numbers(2 * rows, seed);
  const y = Uint8Array.from({ length: rows }, (_, i) => (x[2 * i]! ** 2 + x[2 * i + 1]! ** 2 < 0.22 ? 1 : 0));
  return { x, y };
}

/** What a sample prints. */
async function run(index: number): Promise<unknown[][]> {
  const printed: unknown[][] = [];
  const code = transformSync(samples[index]!, { loader: "ts", format: "esm", target: "es2022" }).code.replace(
    /^import (\{.*?\}) from ("[^"]+");$/gms,
    "const $1 = modules[$2];",
  );
  const AsyncFunction = (async () => {}).constructor as new (
    ...code: string[]
  ) => (...values: unknown[]) => Promise<void>;
  await new AsyncFunction("modules", "x", "y", "validation", "console", code)(
    { edgegrad: library, "edgegrad/data": data },
    ...Object.values(drawn(400, 3)),
    drawn(200, 8),
    { log: (...values: unknown[]) => printed.push(values) },
  );
  return printed;
}

test("the page has six samples", () => {
  expect(samples).toHaveLength(6);
});

test("about one row in six is of class 1", () => {
  const share = drawn(400, 3).y.reduce((a, b) => a + b, 0) / 400;
  expect(share).toBeGreaterThan(0.12);
  expect(share).toBeLessThan(0.22);
});

test("groups train", async () => {
  expect((await run(0))[0]![0]).toBeLessThan(0.5);
});

test("an accumulating run is resumed with the same weights", async () => {
  expect(await run(1)).toEqual([[true]]);
});

test("the average is evaluated and saved", async () => {
  expect(await run(2)).toEqual([[true, true]]);
});

test("a rate is found", async () => {
  const last = (await run(3)).at(-1)!;
  expect(last[0]).toBeGreaterThan(1e-5);
  expect(last[0]).toBeLessThan(1);
  expect(last[1]).toMatch(/least loss at/);
});

test("mixup makes 13 batches of each of 10 epochs", async () => {
  expect(await run(4)).toEqual([[130]]);
});

test("scores validate a run", async () => {
  const [[epochs, auc]] = (await run(5)) as [[number, number]];
  expect(epochs).toBeLessThanOrEqual(40);
  expect(auc).toBeGreaterThan(0.9);
});

test("a schedule that ends before the training stays at its last rate", async () => {
  const core = await library.loadCore();
  const trainer = core.trainer(library.sequential([2], [library.dense(1)]), {
    loss: library.mse(),
    optimizer: library.sgd({ learningRate: library.cosineDecay(0.1, { steps: 3, end: 0.01 }) }),
    batchSize: 4,
  });
  const rates = [];
  for (let i = 0; i < 6; i++) {
    rates.push(trainer.learningRate);
    trainer.step(numbers(8, i), numbers(4, i));
  }
  expect(rates[0]).toBe(0.1);
  expect(rates.slice(3)).toEqual([0.01, 0.01, 0.01]);
});
