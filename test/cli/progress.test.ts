// Progress lines: figures, speed and remaining time from a clock the test holds; JSON is one value a line.
import { expect, test } from "vitest";
import { duration, Reporter } from "../../src/cli/progress.ts";
import type { Progress } from "../../src/train/run-loop.ts";

function capture(json: boolean) {
  const written: string[] = [];
  const clock = { ms: 0 };
  const out = { isTTY: false, write: (chunk: string) => written.push(chunk) > 0 };
  const reporter = new Reporter({ json, out: out as unknown as NodeJS.WriteStream, now: () => clock.ms });
  return { reporter, text: () => written.join(""), clock };
}

const progress = (extra: Partial<Progress>): Progress => ({
  ...{ epoch: 1, epochs: 4, step: 10, row: 1000, rows: 1000, loss: 0.5, metrics: { accuracy: 0.875 } },
  ...{ epochEnd: true, ...extra },
});

test("without a terminal: one line an epoch, with speed and what is left", () => {
  const { reporter, text, clock } = capture(false);
  reporter.start();
  clock.ms = 1000;
  reporter.update(progress({ row: 500, epochEnd: false }));
  expect(text()).toBe("");
  clock.ms = 2000;
  reporter.update(progress({ validation: { loss: 0.4, accuracy: 0.9 } }));
  expect(text()).toBe(
    "epoch 1/4 · loss 0.5000 · accuracy 87.50% · test accuracy 90.00% · 500 samples/s · 6 s left\n",
  );
  clock.ms = 8000;
  reporter.update(progress({ epoch: 4 }));
  expect(text().split("\n")[1]).toBe("epoch 4/4 · loss 0.5000 · accuracy 87.50% · 500 samples/s");
});

test("a resumed run counts its speed from where it began", () => {
  const { reporter, text, clock } = capture(false);
  reporter.start(true);
  reporter.update(progress({ epoch: 3, row: 0, epochEnd: false }));
  clock.ms = 1000;
  reporter.update(progress({ epoch: 3 }));
  expect(text()).toContain("1,000 samples/s · 1 s left");
});

test("JSON: every line is a value, and nothing else is written", () => {
  const { reporter, text, clock } = capture(true);
  reporter.start();
  clock.ms = 2000;
  reporter.line("for people");
  reporter.update(progress({ row: 500, epochEnd: false }));
  reporter.update(progress({}));
  reporter.json({ event: "done" });
  const records = text()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(records).toEqual([
    {
      event: "epoch",
      epoch: 1,
      epochs: 4,
      step: 10,
      loss: 0.5,
      accuracy: 0.875,
      samplesPerSecond: 500,
      secondsLeft: 6,
    },
    { event: "done" },
  ]);
});

test.each([
  [0.2, "1 s"],
  [59, "59 s"],
  [65, "1 min 05 s"],
  [7800, "2 h 10 min"],
])("%f seconds are %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});
