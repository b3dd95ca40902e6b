// Rows of the benchmark: from rounds to medians and ratios, to JSON and to Markdown.
//
// Place: after the measuring of main.ts. Invariant: ratios are medians of the rounds' ratios, because clocks drift by more
// than the gaps that matter.

import { renameSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";

export interface Row {
  readonly workload: string;
  readonly config: string;
  readonly impl: string;
  readonly variant: string;
  readonly version: string | null;
  readonly medianMs: number | null;
  readonly minMs: number | null;
  readonly maxMs: number | null;
  readonly gflops: number | null;
  /** Time over that of edgegrad's simd variant on the same configuration, by single steps. */
  readonly ratio: number | null;
  /** "ok", or why there is no figure, or what is wrong with it. */
  readonly status: string;
  readonly losses: readonly [number, number] | null;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Median over the rounds of one implementation's time over another's. */
export function pairedRatio(times: readonly number[], base: readonly number[]): number | null {
  const rounds = Math.min(times.length, base.length);
  if (rounds === 0) return null;
  return median(Array.from({ length: rounds }, (_, i) => times[i]! / base[i]!));
}

export function machine(): string {
  const model = cpus()[0]?.model.trim() ?? "unknown CPU";
  return `${model}, ${cpus().length} cores, ${process.platform} ${process.arch}, Node ${process.versions.node}`;
}

/** Replaces the file whole, so that an interrupted run leaves one that can be read. */
export function writeJson(file: string, value: unknown): void {
  writeFileSync(`${file}.partial`, `${JSON.stringify(value, null, 1)}\n`);
  renameSync(`${file}.partial`, file);
}

const significant = (value: number, digits = 3) =>
  value >= 10 ** digits ? Math.round(value).toString() : Number(value.toPrecision(digits)).toString();

const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;

export function markdown(rows: readonly Row[]): string {
  const lines = [
    line(["workload", "configuration", "implementation", "median ms", "min–max", "GFLOP/s", "× edgegrad"]),
    line(["---", "---", "---", "---:", "---:", "---:", "---:"]),
  ];
  let previous = "";
  for (const row of rows) {
    const group = `${row.workload} ${row.config.replace(/, staged$/, "")}`;
    const lead = group === previous ? ["", ""] : [row.workload, row.config.replace(/, staged$/, "")];
    previous = group;
    const staged = row.config.endsWith(", staged");
    const name = row.impl + (staged ? ", staged" : "");
    if (row.medianMs === null) lines.push(line([...lead, name, `*${row.status}*`, "", "", ""]));
    else {
      const spread = `${significant(row.minMs!)}–${significant(row.maxMs!)}`;
      const gflops = row.gflops === null ? "" : significant(row.gflops);
      const ratio = row.ratio === null ? "" : significant(row.ratio);
      const note = row.status === "ok" ? "" : ` *${row.status}*`;
      lines.push(line([...lead, name + note, significant(row.medianMs), spread, gflops, ratio]));
    }
  }
  return lines.join("\n");
}

export function versions(rows: readonly Row[]): string {
  const found = new Map<string, string>();
  for (const row of rows) if (row.version) found.set(row.impl, row.version);
  return [...found].map(([impl, version]) => `${impl} ${version}`).join(", ");
}
