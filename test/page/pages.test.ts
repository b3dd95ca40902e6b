// The pages in a real browser: nothing is fetched, nothing complains, and they fit a desk and a phone.

import type { Browser } from "playwright";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  accuracy,
  adam,
  assessClasses,
  assessValues,
  dense,
  diagnose,
  type ExampleName,
  exampleNames,
  examplePage,
  explain,
  explanationPage,
  flatten,
  mse,
  reportPage,
  runExample,
  sequential,
  softmaxCrossEntropy,
} from "../../src/api.ts";
import { numbers, testCore } from "../train/session.ts";
import { openBrowser, viewPage } from "./open-page.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
}, 120_000);
afterAll(() => browser?.close());

const looks = [
  { width: 1100, scheme: "light" },
  { width: 390, scheme: "dark" },
] as const;

describe.each(exampleNames)("explanation of %s", (name: ExampleName) => {
  const html = examplePage(runExample(testCore(), name));

  test.each(looks)("at $width pixels, $scheme", async (look) => {
    const view = await viewPage(browser, `explain-${name}`, html, look);
    expect(view.requests).toEqual([]);
    expect(view.complaints).toEqual([]);
    expect(view.overflows).toBe(false);
    expect(view.headings.slice(1)).toEqual([
      "Forward: weighted sums and activations",
      "Backward: the chain rule from the loss to every weight",
      "Update, and a check of every gradient",
      expect.stringMatching(/^Training: \d+ steps$/),
    ]);
    // The network twice, and the loss curve; none of them too small to read.
    expect(view.drawings).toHaveLength(3);
    for (const { width } of view.drawings) expect(width).toBeGreaterThan(300);
    expect(view.textSize).toBeGreaterThanOrEqual(16);
  });
});

test("a layer of many neurons still makes a page", async () => {
  const model = sequential([2, 40], [flatten(), dense(30, { activation: "relu" }), dense(10)]);
  const explanation = explain(
    model,
    { x: numbers(80), y: [3] },
    { core: testCore(), loss: softmaxCrossEntropy(), most: 8 },
  );
  const view = await viewPage(browser, "explain-large", explanationPage(explanation), looks[0]);
  expect(view).toMatchObject({ requests: [], complaints: [], overflows: false });
});

test("text from outside cannot become markup", async () => {
  const { explanation } = runExample(testCore(), "linear");
  const html = explanationPage(explanation, { title: '<script>fetch("https://example.com/")</script>' });
  expect(html).not.toContain("<script");
  const view = await viewPage(browser, "explain-hostile", html, looks[0]);
  expect(view).toMatchObject({ requests: [], complaints: [] });
});

/** A short training of a classifier, with everything a report shows. */
async function trainedReport(learningRate: number, rows = 600): Promise<string> {
  const classes = 12;
  const x = numbers(rows * 6, 3);
  const y = Int32Array.from({ length: rows }, (_, i) => Math.floor((x[6 * i]! + 1) * 0.5 * classes * 0.999));
  const part = (from: number, to: number) => ({ x: x.subarray(6 * from, 6 * to), y: y.subarray(from, to) });
  const [train, test] = [part(0, 400), part(400, rows)];
  const trainer = testCore().trainer(sequential([6], [dense(24, { activation: "relu" }), dense(classes)]), {
    loss: softmaxCrossEntropy(),
    optimizer: adam({ learningRate }),
    metrics: [accuracy()],
    seed: 1,
  });
  const history = await trainer.fit(train, { epochs: 12, validation: test });
  return reportPage({
    title: "Training on drawn rows <&>",
    facts: [
      ["model", "6-24-12"],
      ["steps", String(trainer.steps)],
    ],
    history,
    assessment: assessClasses(trainer.predict(test.x) as Float32Array, test.y),
    diagnosis: await diagnose(trainer, train, { history, validation: test }),
  });
}

describe.each([
  ["healthy", 0.01],
  ["ill", 3],
])("report of a %s training", (name, learningRate) => {
  test.each(looks)("at $width pixels, $scheme", async (look) => {
    const view = await viewPage(browser, `report-${name}`, await trainedReport(learningRate), look);
    expect(view).toMatchObject({ requests: [], complaints: [], overflows: false });
    expect(view.headings).toEqual([
      "Training on drawn rows <&>",
      "Curves",
      "Which class is taken for which",
      "Calibration: is confidence deserved?",
      "Doctor",
    ]);
    // Loss, accuracy, calibration.
    expect(view.drawings).toHaveLength(3);
  });
});

test("report of a regression", async () => {
  const x = numbers(300 * 4, 3);
  const y = Float32Array.from({ length: 300 }, (_, i) => 3 * x[4 * i]! + x[4 * i + 1]!);
  const trainer = testCore().trainer(sequential([4], [dense(1)]), {
    loss: mse(),
    optimizer: adam({ learningRate: 0.02 }),
  });
  const history = await trainer.fit({ x, y }, { epochs: 10 });
  const assessment = assessValues(trainer.predict(x) as Float32Array, y);
  const html = reportPage({ title: "A line", history, assessment });
  const view = await viewPage(browser, "report-values", html, looks[0]);
  expect(view).toMatchObject({ requests: [], complaints: [], overflows: false });
  expect(view.headings).toEqual(["A line", "Curves", "Predicted against true values"]);
  expect(html).toContain("R²");
});
