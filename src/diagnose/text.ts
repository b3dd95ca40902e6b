// A diagnosis as text for a terminal.
//
// Place: printed by `edgegrad train --doctor`. Invariant: pure.

import type { Diagnosis, Finding } from "./finding.ts";

export const findingTitle = ({ code, layer }: Finding): string =>
  `${code.replaceAll("-", " ")}${layer === undefined ? "" : ` in ${layer}`}`;

/** Findings as lines of text, the gravest first. */
export function diagnosisText({ findings, rows }: Diagnosis): string {
  if (findings.length === 0) return `doctor: nothing found (looked at ${rows} rows)`;
  const count = findings.length === 1 ? "1 finding" : `${findings.length} findings`;
  return [
    `doctor: ${count} (looked at ${rows} rows)`,
    ...findings.flatMap((finding) => [
      `  ${findingTitle(finding)}: ${finding.message}`,
      `    → ${finding.remedy}`,
    ]),
  ].join("\n");
}
