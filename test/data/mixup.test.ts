// Mixup: every row is on a line between two rows, targets alike; what it refuses; that it trains.

import { describe, expect, test } from "vitest";

import { type MixedBatch, type MixupOptions, mixup } from "../../src/data/index.ts";
import { dense } from "../../src/layers/core-layers.ts";
import { softmaxCrossEntropy } from "../../src/losses/classes.ts";
import { sequential } from "../../src/model.ts";
import { adam } from "../../src/optimizers/optimizers.ts";
import { testCore } from "../train/session.ts";

async function all(data: Parameters<typeof mixup>[0], options: MixupOptions & { rows?: number }) {
  const batches: MixedBatch[] = [];
  for await (const batch of mixup(data, options)) batches.push(batch);
  return batches;
}

// Row i is [i, i²] with label i mod 3.
const data = {
  x: Float32Array.from({ length: 40 }, (_, k) => (k % 2 === 0 ? k / 2 : (k >> 1) ** 2)),
  y: Int32Array.from({ length: 20 }, (_, i) => i % 3),
};

describe("mixup", () => {
  test("mixes x and labels by the same share of the same rows", async () => {
    // One-hot rows tell which two were mixed, and by how much.
    const hot = Float32Array.from({ length: 400 }, (_, k) => (k % 20 === Math.floor(k / 20) ? 1 : 0));
    const [batch] = await all({ x: hot, y: data.y }, { batchSize: 20, classes: 3, alpha: 1, seed: 4 });
    for (let i = 0; i < 20; i++) {
      const row = Array.from(batch!.x.subarray(20 * i, 20 * i + 20));
      expect(row.filter((v) => v > 0).length).toBeLessThanOrEqual(2);
      const expected = [0, 0, 0];
      row.forEach((share, of) => {
        expected[of % 3]! += share;
      });
      expected.forEach((share, c) => {
        expect(batch!.y[3 * i + c]).toBeCloseTo(share, 6);
      });
      expect(expected.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
    }
  });

  test("draws shares from Beta(alpha, alpha): mean ½, variance 1/(4(2·alpha + 1))", async () => {
    for (const alpha of [0.2, 1]) {
      const rows = 20000;
      const values = { x: new Float32Array(rows).fill(1), y: new Float32Array(rows) };
      const shares: number[] = [];
      // y is 1 in half of the rows: a mix of 0 and 1 shows the share.
      values.y.fill(1, rows / 2);
      for (const { y } of await all(values, { batchSize: rows, alpha, seed: 1 })) shares.push(...y);
      const mixed = shares.filter((v) => v > 0 && v < 1);
      const mean = mixed.reduce((a, b) => a + b, 0) / mixed.length;
      const variance = mixed.reduce((sum, v) => sum + (v - mean) ** 2, 0) / mixed.length;
      expect(mean).toBeCloseTo(0.5, 1);
      expect(Math.abs(variance * 4 * (2 * alpha + 1) - 1)).toBeLessThan(0.12);
    }
  });

  test("gives every epoch all rows, others each time, the same for a seed", async () => {
    const run = (seed: number) => all(data, { batchSize: 8, epochs: 2, classes: 3, seed });
    const batches = await run(1);
    expect(batches.map(({ y }) => y.length / 3)).toEqual([8, 8, 4, 8, 8, 4]);
    expect(batches).toEqual(await run(1));
    expect(batches[0]).not.toEqual(batches[3]);
    expect(batches).not.toEqual(await run(2));
  });

  test("trains a classifier", async () => {
    const rows = 90;
    const x = Float32Array.from(
      { length: 2 * rows },
      (_, k) => Math.sin(k * k) + 3 * Math.cos(((k >> 1) % 3) + (k % 2)),
    );
    const y = Int32Array.from({ length: rows }, (_, i) => i % 3);
    const trainer = testCore().trainer(sequential([2], [dense(16, { activation: "relu" }), dense(3)]), {
      loss: softmaxCrossEntropy({ targets: "probabilities" }),
      optimizer: adam({ learningRate: 0.02 }),
      batchSize: 30,
    });
    const history = await trainer.fit(mixup({ x, y }, { batchSize: 30, epochs: 60, classes: 3, seed: 2 }));
    expect(history.steps).toBe(180);
    const logits = trainer.predict(x) as Float32Array;
    const right = y.filter((label, i) => {
      const row = Array.from(logits.subarray(3 * i, 3 * i + 3));
      return row.indexOf(Math.max(...row)) === label;
    });
    expect(right.length / rows).toBeGreaterThan(0.85);
  });
});

test.each([
  ["a batch size of 0", data, { batchSize: 0 }, /batchSize/],
  ["an alpha of 0", data, { batchSize: 4, alpha: 0 }, /alpha/],
  ["one class", data, { batchSize: 4, classes: 1 }, /classes/],
  ["a label that is no class", data, { batchSize: 4, classes: 2 }, /got 2 in row 2/],
  ["rows that do not fit", { x: [1, 2, 3], y: [1, 2] }, { batchSize: 4 }, /give rows/],
  ["no rows", { x: [], y: [] }, { batchSize: 4 }, /give rows/],
] as const)("%s is refused", async (_, rows, options, message) => {
  await expect(all(rows, options)).rejects.toThrow(message);
});
