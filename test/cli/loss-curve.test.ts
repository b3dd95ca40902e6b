// The loss curve of the terminal: its size, its direction, and that it replaces itself.
import { expect, test } from "vitest";
import { lossCurve } from "../../src/cli/loss-curve.ts";
import { Reporter } from "../../src/cli/progress.ts";

const falling = (count: number) => Array.from({ length: count }, (_, i) => 1 / (i + 1));

test("falls from left to right within the columns given", () => {
  for (const count of [2, 5, 60, 1000])
    for (const columns of [30, 80, 200]) {
      const lines = lossCurve(falling(count), columns).split("\n");
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
      expect(lines.length).toBeLessThanOrEqual(9);
    }
  const lines = lossCurve([3, 2, 1], 80).split("\n");
  const column = (line: string) => line.search(/[╮╰╭╯┼]/);
  expect(lines[1]).toContain("3.000");
  expect(lines.at(-1)).toContain("1.000");
  expect(column(lines.at(-1)!)).toBeGreaterThan(column(lines[1]!));
});

test("one epoch has no curve; equal losses and values that are no numbers do no harm", () => {
  expect(lossCurve([1], 80)).toBe("");
  expect(lossCurve([1, Number.NaN], 80)).toBe("");
  expect(lossCurve([2, 2, 2], 80)).toContain("2.000");
  expect(lossCurve([0, 0, 0], 80)).toContain("0.000");
  expect(lossCurve([1e-9, 2e-9, 1e9], 80).length).toBeGreaterThan(0);
});

test("on a terminal each epoch replaces the curve of the one before", () => {
  const written: string[] = [];
  const out = {
    ...{ isTTY: true, columns: 60, write: (chunk: string) => written.push(chunk) > 0 },
    ...{
      cursorTo: () => true,
      clearLine: () => true,
      moveCursor: () => true,
      on: () => out,
      once: () => out,
    },
  };
  let ms = 0;
  const reporter = new Reporter({ json: false, out: out as unknown as NodeJS.WriteStream, now: () => ms });
  reporter.start();
  for (let epoch = 1; epoch <= 3; epoch++) {
    ms += 100;
    const one = {
      epoch,
      epochs: 3,
      step: epoch,
      row: 10,
      rows: 10,
      loss: 1 / epoch,
      metrics: {},
      epochEnd: true,
    };
    reporter.update(one);
  }
  const curves = written.filter((chunk) => chunk.includes("\x1b[0J"));
  expect(curves).toHaveLength(2);
  // Two bars before the first curve; then the curve, its epoch and the next bar.
  expect(curves[0]!.startsWith("\x1b[2A\x1b[0J")).toBe(true);
  const height = curves[0]!.trimEnd().split("\n").length;
  expect(curves[1]).toContain(`\x1b[${height + 1}A\x1b[0J`);
  expect(curves[1]).toContain("epoch 3/3 · loss 0.3333");
  for (const line of curves.join("").replaceAll("\x1b", "").split("\n")) expect(line.length).toBeLessThan(60);
});
