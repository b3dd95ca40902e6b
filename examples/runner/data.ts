// Reads the data sets of the examples: CSV text, gzipped or not, as tables.
//
// Place: first step of every example. Invariant: nothing is dropped or changed here; what an example leaves out, it says.

import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { gunzipSync } from "node:zlib";
import { parse } from "csv-parse/sync";
import { type Table, tableFromRows } from "edgegrad/data";

const folder = process.env.EDGEGRAD_SHARED ?? resolve(process.cwd(), "..", "shared");

export interface ReadOptions {
  /** Names of the columns, for files whose first line holds none. */
  readonly names?: readonly string[];
  /** Lines to pass over at the beginning. */
  readonly skip?: number;
  readonly delimiter?: string;
  /** What stands around text; default the double quote. */
  readonly quote?: string;
}

/** A file of the data folder, such as "sklearn/iris.csv", as a table. */
export function readTable(file: string, options: ReadOptions = {}): Table {
  const path = resolve(folder, "data", file);
  if (!existsSync(path))
    throw new Error(
      `${path} is not there: put the data beside the repository, or its folder in EDGEGRAD_SHARED`,
    );
  const bytes = readFileSync(path);
  const rows: string[][] = parse(file.endsWith(".gz") ? gunzipSync(bytes) : bytes, {
    bom: true,
    from_line: 1 + (options.skip ?? 0),
    relax_column_count: true,
    skip_empty_lines: true,
    delimiter: options.delimiter ?? ",",
    quote: options.quote ?? '"',
  });
  return options.names ? tableFromRows(options.names, rows) : tableFromRows(rows[0]!, rows.slice(1));
}

/** The split of the data's own page: row i is a test row where i mod 5 = 4. */
export function everyFifth(rows: number): { train: Uint32Array; test: Uint32Array } {
  const all = Array.from({ length: rows }, (_, i) => i);
  return {
    train: Uint32Array.from(all.filter((i) => i % 5 !== 4)),
    test: Uint32Array.from(all.filter((i) => i % 5 === 4)),
  };
}
