// A vitest reporter that counts: what passed, failed and was not run, for each project.
//
// Place: scripts/test.mjs adds it to vitest's default reporter and reads the file it writes.
// Invariant: a file that could not be collected, and an error outside any test, count as failures; a
// project that ran nothing is listed with zero, so that the caller can see it.

import { writeFileSync } from "node:fs";

export const countsFile = "build/test-counts.json";
const absentMark = "not run: shared data absent";

export default class CountReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const projects = {};
    for (const module of modules) {
      // A browser project is called "browser (chromium)".
      const host = module.project.name.replace(/ \(.*\)$/, "");
      projects[host] ??= { passed: 0, failed: 0, skipped: 0, absent: 0 };
      const counts = projects[host];
      let failedInside = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") counts.passed++;
        else if (state === "failed") failedInside++;
        else if (test.fullName.includes(absentMark)) counts.absent++;
        else counts.skipped++;
      }
      if (failedInside === 0 && module.state() === "failed") failedInside = 1;
      counts.failed += failedInside;
    }
    const unhandled = unhandledErrors.length;
    writeFileSync(countsFile, `${JSON.stringify({ projects, unhandled }, null, 2)}\n`);
  }
}
