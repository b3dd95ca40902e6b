// `npm run golden`: runs the golden cases on the core and prints passed / skipped / failed for each file.
//
//     npm run golden -- [--json] [--verbose] [--record]
//
// Place: command of CI and of a developer. EDGEGRAD_GOLDEN names another folder. Exit code 1 on any failure, or if a
// recorded case no longer passes. Invariant: with --json, standard output is one JSON array and nothing else.

import { goldenFolder } from "./cases.ts";
import { addToRecord, isDefaultFolder, lostCases } from "./record.ts";
import { count, type FileResult, runGolden } from "./run.ts";
import { coreEngine } from "./values.ts";

const flags = new Set(process.argv.slice(2));
const known = ["--json", "--verbose", "--record"];
for (const flag of flags)
  if (!known.includes(flag)) {
    console.error(`unknown option ${flag}; known are ${known.join(", ")}`);
    process.exit(2);
  }

function printTable(files: readonly FileResult[]): void {
  const row = (name: string, ...numbers: (string | number)[]) =>
    console.log(name.padEnd(20) + numbers.map((n) => String(n).padStart(9)).join(""));
  row("file", "passed", "skipped", "failed");
  const total = { passed: 0, skipped: 0, failed: 0 };
  for (const f of files) {
    const counts = { passed: count(f, "passed"), skipped: count(f, "skipped"), failed: count(f, "failed") };
    row(f.file, counts.passed, counts.skipped, counts.failed);
    for (const key of ["passed", "skipped", "failed"] as const) total[key] += counts[key];
  }
  row("total", total.passed, total.skipped, total.failed);
}

function printCases(files: readonly FileResult[]): void {
  for (const { cases } of files)
    for (const c of cases)
      if (flags.has("--verbose") || c.state === "failed")
        console.error(`${c.state.padEnd(8)}${c.name}${c.reason ? `: ${c.reason}` : ""}`);
}

const folder = goldenFolder();
const files = await runGolden(folder, coreEngine("simd"));
if (!files) {
  console.error(
    `${folder} has no index.json: put the golden files there or name their folder in EDGEGRAD_GOLDEN`,
  );
  process.exit(1);
}
printCases(files);
if (flags.has("--json"))
  console.log(
    JSON.stringify(
      files.map((f) => ({
        file: f.file,
        passed: count(f, "passed"),
        skipped: count(f, "skipped"),
        failed: count(f, "failed"),
      })),
    ),
  );
else printTable(files);
const lost = isDefaultFolder(folder) ? lostCases(files) : [];
for (const name of lost) console.error(`lost    ${name}: it has passed before`);
if (flags.has("--record")) console.error(`${addToRecord(files)} new names in the record`);
process.exit(lost.length > 0 || files.some((f) => count(f, "failed") > 0) ? 1 : 0);
