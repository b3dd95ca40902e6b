// The picture examples as a reader runs them, on small settings: they must end, and learn something.
//
// Place: beside examples/. Invariant: each is a program of its own on the built package, with the data beside the repository.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { describeShared, sharedPath } from "../shared.ts";

const run = async (name: string, folder: string, ...args: string[]): Promise<string> => {
  const program = [`examples/pictures/${name}.mjs`, "--data", sharedPath("data", folder), ...args];
  return (await promisify(execFile)(process.execPath, program)).stdout;
};

const meanOf = (out: string): number => Number(/mean of \d+ seeds: .* ([\d.]+)$/m.exec(out)![1]);

describeShared("picture examples", ["data/mnist", "data/fashion-mnist", "data/faces"], () => {
  const timeout = 120_000;

  test("digits", { timeout }, async () => {
    const out = await run("digits", "mnist", "--seeds", "1,2", "--rows", "1500", "--epochs", "2");
    expect(out).toMatch(/^seed 1: .*\nseed 2: .*\nmean of 2 seeds/);
    expect(meanOf(out)).toBeGreaterThan(0.75);
  });

  test("clothes", { timeout }, async () => {
    const out = await run("clothes", "fashion-mnist", "--seeds", "1", "--rows", "1500", "--epochs", "2");
    expect(meanOf(out)).toBeGreaterThan(0.6);
  });

  test("faces: five persons", { timeout }, async () => {
    const out = await run("faces", "faces", "--seeds", "1", "--rows", "50", "--epochs", "60");
    expect(meanOf(out)).toBeGreaterThan(0.75);
  });

  test("denoising takes noise off", { timeout }, async () => {
    const out = await run("denoising", "mnist", "--seeds", "1", "--rows", "2000", "--epochs", "2");
    const before = Number(/spoiled test pictures: ([\d.]+)/.exec(out)![1]);
    expect(before).toBeGreaterThan(0.1);
    expect(meanOf(out)).toBeLessThan(before / 2);
  });
});
