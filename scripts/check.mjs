// Every check that is not a test: format, lint, types, architecture, package, size. Warnings are errors.
//
// Place: `npm run check`, and .ci/run. Invariant: all checks run even if one fails, so that one run shows
// everything; the last line is `N passed, N failed`.

import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const inModules = (path) => join(root, "node_modules", path);

// WASM sub-paths have no types of their own to resolve, nor has package.json.
const untyped = [
  "./core.simd.wasm",
  "./core.full.wasm",
  "./core.relaxed.wasm",
  "./core.predict.wasm",
  "./package.json",
];

const checks = [
  ["build", ["scripts/build.mjs"]],
  [
    "format and lint",
    [inModules("@biomejs/biome/bin/biome"), "check", "--error-on-warnings", "--max-diagnostics=50", "."],
  ],
  ["types", [inModules("typescript/bin/tsc"), "--noEmit"]],
  ["architecture", [inModules("vitest/vitest.mjs"), "run", "--project", "node", "test/architecture.test.ts"]],
  ["package", [inModules("publint/src/cli.js"), "--strict"]],
  [
    "types as consumers see them",
    [
      inModules("@arethetypeswrong/cli/dist/index.js"),
      "--pack",
      ".",
      "--profile",
      "esm-only",
      "--exclude-entrypoints",
      ...untyped,
    ],
  ],
  ["size", ["scripts/size.mjs"]],
];

const failed = [];
for (const [name, args] of checks) {
  console.log(`\n— ${name}`);
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
  if (status !== 0) failed.push(name);
}
if (failed.length > 0) console.log(`\nFailed: ${failed.join("; ")}`);
console.log(`${checks.length - failed.length} passed, ${failed.length} failed`);
process.exit(failed.length === 0 ? 0 : 1);
