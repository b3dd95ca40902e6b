// Records the fingerprints that every host must reproduce: `npm run record-fingerprints`.
//
// Place: run by hand when bits are meant to change (a kernel's order of sums, a model of the suite); the commit
// says why. Invariant: it trains exactly as the cases do.

import { writeFileSync } from "node:fs";

import { loadCore } from "edgegrad";

import { fingerprintOf } from "./suite/bits.ts";
import { smallModels } from "./suite/models.ts";

const core = await loadCore();
const lines: string[] = [];
for (const small of smallModels) {
  lines.push(`  ${JSON.stringify(small.name)}: "${await fingerprintOf(core, small)}",`);
}
writeFileSync(
  "test/runtimes/suite/fingerprints.ts",
  `// SHA-256 of the weights after 200 steps, by model of models.ts: equal in every host, default variant.
//
// Place: the shared suite. Invariant: written by \`npm run record-fingerprints\`, never by hand; changes only with
// a commit that says why the bits change.

export const fingerprints: Readonly<Record<string, string>> = {
${lines.join("\n")}
};
`,
);
console.log(lines.join("\n"));
