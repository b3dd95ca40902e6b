// Finds the data that lies beside the repository (../shared) and says so when it does not.
//
// Place: used by every test that needs MNIST, the golden cases or the conformance suites.
// Invariant: such a test never vanishes: without the data it is counted as "not run: shared data absent"
// by scripts/test.mjs, and with EDGEGRAD_REQUIRE_SHARED=1 (as .ci/run sets) it fails instead.

import { existsSync } from "node:fs";
import { resolve } from "node:path";

import { describe, test } from "vitest";

const folder = process.env.EDGEGRAD_SHARED ?? resolve(process.cwd(), "..", "shared");

/** The words by which scripts/test.mjs counts what was not run. */
export const absentMark = "not run: shared data absent";

/** The path of a file or folder of the shared data, whether it exists or not. */
export function sharedPath(...parts: string[]): string {
  if (parts[0] === "golden" && process.env.EDGEGRAD_GOLDEN !== undefined) {
    return resolve(process.env.EDGEGRAD_GOLDEN, ...parts.slice(1));
  }
  return resolve(folder, ...parts);
}

/**
 * A `describe` that needs the given paths of the shared data. Its body is not even collected without them,
 * so it may read files while it declares its tests.
 */
export function describeShared(name: string, needs: string | readonly string[], body: () => void): void {
  const paths = (typeof needs === "string" ? [needs] : needs).map((path) => sharedPath(...path.split("/")));
  const missing = paths.filter((path) => !existsSync(path));
  if (missing.length === 0) {
    describe(name, body);
  } else if (process.env.EDGEGRAD_REQUIRE_SHARED === "1") {
    test(`${name}: shared data must be present`, () => {
      throw new Error(`Expected ${missing.join(", ")}: put the shared data beside the repository.`);
    });
  } else {
    test.skip(`${name} (${absentMark})`, () => {});
  }
}
