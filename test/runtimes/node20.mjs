// Runs the shared suite on whatever Node starts this file, without a test framework.
//
// Place: last part of `npm test`, on the system's Node: the library supports Node 20, vitest does not.
// Invariant: the last line is `N passed, N failed`; the cases come from the built package's own entry.
//
//     node test/runtimes/node20.mjs <bundled suite>

import { pathToFileURL } from "node:url";

const { cases } = await import(pathToFileURL(process.argv[2]).href);
let passed = 0;
let failed = 0;
for (const { name, run } of cases) {
  try {
    await run();
    passed++;
  } catch (error) {
    failed++;
    console.log(`  ${name}: ${error?.stack ?? error}`);
  }
}
console.log(`  Node ${process.version}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
