// Runs every test: vitest in Node, workerd and Chromium, then the shared suite on the system's own Node.
//
// Place: behind `npm test` (scripts/setup.mjs has installed by then); builds first, gets a browser if needed.
// Invariant: nothing is left out in silence. The last line is `N passed, N failed`, a host without a single
// test is a failure, and the exit code is 0 only without failures.
//
//     node scripts/test.mjs [vitest arguments…]     with arguments: only what they select, in vitest alone

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { findBrowser } from "./browser.mjs";
import { bundleProgram } from "./run.mjs";
import { countsFile } from "./test-reporter.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const hosts = ["node", "workers", "browser"];
const selection = process.argv.slice(2);
const total = { passed: 0, failed: 0 };

function fail(message) {
  console.error(`\nFAILED: ${message}`);
  total.failed++;
}

function finish() {
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exit(total.failed === 0 ? 0 : 1);
}

function node(args, options = {}) {
  return (
    spawnSync(options.node ?? process.execPath, args, { cwd: root, stdio: "inherit", ...options }).status ?? 1
  );
}

function runVitest() {
  rmSync(join(root, countsFile), { force: true });
  const command = join(root, "node_modules", "vitest", "vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=./scripts/test-reporter.mjs"];
  const status = node([command, "run", ...reporters, ...selection]);
  if (!existsSync(join(root, countsFile))) return fail("vitest ended without results");
  const { projects, unhandled } = JSON.parse(readFileSync(join(root, countsFile), "utf8"));
  let absent = 0;
  for (const host of selection.length > 0 ? Object.keys(projects) : hosts) {
    const counts = projects[host] ?? { passed: 0, failed: 0, skipped: 0, absent: 0 };
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
    console.log(`${host}: ${counts.passed} passed, ${counts.failed} failed${skipped}`);
    total.passed += counts.passed;
    total.failed += counts.failed;
    absent += counts.absent;
    if (counts.passed + counts.failed === 0) fail(`no test ran in ${host}`);
  }
  if (unhandled > 0) fail(`${unhandled} errors outside any test`);
  if (status !== 0 && total.failed === 0) fail(`vitest exited with ${status}`);
  if (absent > 0) console.log(`${absent} not run: shared data absent`);
}

/** The Node that the user has, which need not be the toolchain's. */
function systemNode() {
  const known = process.env.EDGEGRAD_SYSTEM_NODE;
  if (known !== undefined && !known.includes("node_modules")) return known;
  const name = process.platform === "win32" ? "node.exe" : "node";
  const folders = (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => !folder.includes("node_modules"));
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? process.execPath;
}

async function runOnSystemNode() {
  const suite = await bundleProgram("test/runtimes/suite/index.ts");
  const executable = systemNode();
  const result = spawnSync(executable, ["test/runtimes/node20.mjs", suite], { cwd: root, encoding: "utf8" });
  const lines = (result.stdout ?? "").trimEnd().split("\n");
  console.log(lines.slice(0, -1).join("\n"));
  if (result.stderr) console.error(result.stderr);
  const counts = lines.at(-1)?.match(/^(\d+) passed, (\d+) failed$/);
  if (!counts) return fail(`the shared suite on ${executable} ended without results`);
  console.log(`system Node (${executable}): ${lines.at(-1)}`);
  total.passed += Number(counts[1]);
  total.failed += Number(counts[2]);
}

if (node(["scripts/build.mjs"]) !== 0) {
  fail("the build");
  finish();
}
try {
  process.env.CHROME_PATH = await findBrowser();
} catch (error) {
  fail(error.message);
  finish();
}
console.log(`Chromium: ${process.env.CHROME_PATH}`);
runVitest();
if (selection.length === 0) await runOnSystemNode();
finish();
