// The pages in a real browser: nothing is fetched, nothing complains, and they fit a desk and a phone.

import type { Browser } from "playwright";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  dense,
  type ExampleName,
  exampleNames,
  examplePage,
  explain,
  explanationPage,
  flatten,
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
