// Unrolling of the kernels' loops: what is marked is written out with constants, and a mark never does nothing.

import { describe, expect, test } from "vitest";
import { unroll } from "../scripts/unroll.mjs";

const lines = (text: string): string[] => text.split("\n").map((line) => line.trim().replace(/\s+/g, " "));

describe("unroll", () => {
  test("writes the body once for each value of the counter", () => {
    const text = "a();\n// unroll\nfor (let i = 0; i < 3; ++i) {\n  load(p, 16 * i);\n}\nb(i);\n";
    expect(lines(unroll(text, "x.ts")).filter((line) => line.includes("("))).toEqual([
      "a();",
      "load(p, 16 * 0);",
      "load(p, 16 * 1);",
      "load(p, 16 * 2);",
      "b(i);",
    ]);
  });

  test("replaces whole names only, and inner loops too", () => {
    const inner = "// unroll\nfor (let j: u32 = 0; j < 2; j++) {\nif (t) {\nf(i, j, pi);\n}\n}\n";
    const text = `// unroll\nfor (let i = 0; i < 2; ++i) {\n${inner}}\n`;
    const calls = lines(unroll(text, "x.ts")).filter((line) => line.startsWith("f("));
    expect(calls).toEqual(["f(0, 0, pi);", "f(0, 1, pi);", "f(1, 0, pi);", "f(1, 1, pi);"]);
  });

  test("leaves other loops as they are", () => {
    const text = "for (let i = 0; i < 4; ++i) {\n  f(i);\n}\n// unrolled by hand\n";
    expect(unroll(text, "x.ts")).toBe(text);
  });

  test.each([
    ["a count that is no literal", "// unroll\nfor (let i = 0; i < n; ++i) {\n}\n"],
    ["a descending loop", "// unroll\nfor (let i = 4; i; --i) {\n}\n"],
    ["no loop", "// unroll\nf();\n"],
  ])("names the line of a mark before %s", (_, text) => {
    expect(() => unroll(`a();\n${text}`, "kernel.ts")).toThrow(
      'kernel.ts:2: after "// unroll" goes a loop like',
    );
  });
});
