// `edgegrad train --doctor --report` as a user meets it.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleProgram } from "../../scripts/run.mjs";
import { writeIdx } from "../../src/data/idx.ts";
import { drawDigits } from "../../src/data/synthetic-digits.ts";

let program: string;
let folder: string;

beforeAll(async () => {
  program = await bundleProgram("src/cli/main.ts");
  folder = mkdtempSync(join(tmpdir(), "edgegrad-doctor-"));
  const digits = drawDigits({ count: 1200, seed: 3 });
  const put = (name: string, from: number, to: number) => {
    const x = digits.x.subarray(from * 784, to * 784);
    writeFileSync(join(folder, `${name}-images-idx3-ubyte`), writeIdx([to - from, 28, 28], x));
    writeFileSync(
      join(folder, `${name}-labels-idx1-ubyte`),
      writeIdx([to - from], digits.y.subarray(from, to)),
    );
  };
  put("train", 0, 1000);
  put("t10k", 1000, 1200);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function train(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [program, "train", "--data", ".", "--seed", "1", ...args], {
    cwd: folder,
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err })));
}

test("a healthy training: nothing found, a report with everything in it", async () => {
  const { code, out, err } = await train("--epochs", "8", "--doctor", "--report", "report.html");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toMatch(/doctor: nothing found \(looked at 512 rows\)/);
  expect(out).toContain("report saved to report.html");
  const page = readFileSync(join(folder, "report.html"), "utf8");
  for (const heading of ["Curves", "Which class is taken for which", "Calibration", "Doctor"])
    expect(page).toContain(`<h2>${heading}`);
  expect(page).not.toMatch(/NaN|undefined|https?:/);
});

test("an ill training: findings as text and as values", async () => {
  const text = await train("--epochs", "3", "--learning-rate", "2", "--doctor");
  expect(text.code).toBe(0);
  expect(text.out).toMatch(/doctor: \d finding/);
  expect(text.out).toMatch(/learning rate high: .*\d/);
  expect(text.out).toMatch(/ → /);
  const json = await train("--epochs", "3", "--learning-rate", "2", "--doctor", "--json");
  const records = json.out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const found = records.filter(({ event }) => event === "finding");
  expect(found.map(({ code }) => code)).toContain("learning-rate-high");
  expect(records.at(-1)).toMatchObject({ event: "diagnosis", findings: found.length });
});

test("a training that fails still gets its diagnosis and report; the error stays the error", async () => {
  const { code, out, err } = await train(
    ...["--epochs", "3", "--learning-rate", "1e30", "--doctor", "--report", "failed.html"],
  );
  expect(code).toBe(1);
  expect(err).toMatch(/became infinite or NaN/);
  expect(out).toMatch(/not finite/);
  expect(readFileSync(join(folder, "failed.html"), "utf8")).toContain("Not finite");
});

test("a report that cannot be written is refused before the training", async () => {
  const { code, out, err } = await train("--epochs", "1", "--report", "nowhere/report.html");
  expect(code).toBe(1);
  expect(err).toMatch(/there is no folder/);
  expect(out).not.toContain("epoch");
  expect(existsSync(join(folder, "nowhere"))).toBe(false);
});
