// The documentation names files that exist and shows the tape as it is.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import { describe, expect, test } from "vitest";

import { dense, disassemble, loadCore, sequential, sgd, softmaxCrossEntropy } from "../src/platform/train.ts";

const root = resolve(import.meta.dirname, "..");

function pages(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? pages(join(folder, entry.name))
      : entry.name.endsWith(".md")
        ? [join(folder, entry.name)]
        : [],
  );
}

const all = ["README.md", "CONTRIBUTING.md", ...pages("docs")];
const read = (page: string) => readFileSync(join(root, page), "utf8");

describe.each(all)("%s", (page) => {
  test("links to files that exist", () => {
    const links = [...read(page).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map((match) => match[1]!);
    const local = links.filter((link) => !/^[a-z]+:/.test(link));
    expect(local.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
  });

  test("names paths of the repository that exist", () => {
    const names = [...read(page).matchAll(/`((?:src|assembly|test|scripts|docs)\/[\w./-]*[\w/])`/g)].map(
      (m) => m[1]!,
    );
    expect(names.filter((name) => !existsSync(join(root, name)))).toEqual([]);
  });
});

test("every public function stands in the README or on a page beside it", async () => {
  const pages = ["README.md", ...readdirSync(join(root, "docs")).map((name) => join("docs", name))];
  const words = new Set(
    pages.filter((page) => page.endsWith(".md")).flatMap((page) => read(page).match(/\w+/g)),
  );
  const names = Object.keys(await import("../src/api.ts"));
  expect(names.length).toBeGreaterThan(150);
  expect(names.filter((name) => !words.has(name))).toEqual([]);
});

test("decisions are numbered without gaps", () => {
  const numbers = readdirSync(join(root, "docs", "decisions")).map((name) => Number(name.slice(0, 4)));
  expect(numbers.sort((a, b) => a - b)).toEqual(numbers.map((_, i) => i + 1));
});

/** Ops and fields of a tape without its numbers that are addresses. */
const withoutAddresses = (tape: string) =>
  tape.split("\n").map((line) =>
    line
      .replace(/^[0-9a-f]+ +/, "")
      .replace(/\b(C|A|B|Out|Dy|W|G|Velocity|Scratch|Value|First|5)=\d+/g, "$1=…")
      .replace(/ +/g, " "),
  );

test("docs/architecture.md shows the tape that its example compiles to", async () => {
  const shown = read("docs/architecture.md")
    .match(/^```tape\n(.*?)^```$/ms)?.[1]
    ?.trimEnd();
  expect(shown).toBeDefined();
  const core = await loadCore();
  const model = sequential([3], [dense(4, { activation: "relu" }), dense(2)]);
  const trainer = core.trainer(model, {
    loss: softmaxCrossEntropy(),
    optimizer: sgd({ momentum: 0.9 }),
    batchSize: 8,
  });
  const real = withoutAddresses(disassemble(trainer.tape()));
  const left = real.filter((line) => !/; (dense \(layers\.1\)|softmaxCrossEntropy \(loss\))$/.test(line));
  expect(withoutAddresses(shown!).filter((line) => line !== "…")).toEqual(left);
});
