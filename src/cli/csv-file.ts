// CSV files as tables, and tables as CSV text.
// Place: command line; the parsing is csv-parse's. Invariant: every failure names the file, and the row where there is one.

import { gunzipSync } from "node:zlib";
import { CsvError, parse } from "csv-parse/sync";
import { isGzip } from "../data/idx.ts";
import { type Table, tableFromRows } from "../data/table.ts";
import { FormatError } from "../errors.ts";
import { naming, readBytes } from "./files.ts";

/** How a file is written. */
export interface CsvOptions {
  /** What stands between cells; default the comma, for .tsv the tab. */
  readonly delimiter?: string;
  /** False: there is no line of names, and columns are called "1", "2", …. */
  readonly header?: boolean;
}

/** Whether a path names a table rather than a folder. */
export const isTableFile = (path: string | undefined): path is string =>
  path !== undefined && /\.(csv|tsv)(\.gz)?$/i.test(path);

/** Reads a file whole. */
export async function readCsv(path: string, options: CsvOptions = {}): Promise<Table> {
  const bytes = await readBytes(path);
  return naming(path, () => tableOf(path, bytes, options));
}

function tableOf(path: string, bytes: Uint8Array, { delimiter, header = true }: CsvOptions): Table {
  let rows: string[][];
  try {
    rows = parse(Buffer.from(isGzip(bytes) ? gunzipSync(bytes) : bytes), {
      bom: true,
      delimiter: delimiter ?? (/\.tsv(\.gz)?$/i.test(path) ? "\t" : ","),
      // Ragged rows are refused by the table, which names row and columns.
      relax_column_count: true,
      skip_empty_lines: true,
    });
  } catch (cause) {
    const why = cause instanceof CsvError ? cause.message : "it is damaged or no CSV file";
    throw new FormatError("csv/parse", why, {}, { cause });
  }
  if (rows.length < (header ? 2 : 1))
    throw new FormatError("csv/empty", `expected ${header ? "a line of names and " : ""}at least one row`);
  return header
    ? tableFromRows(rows[0]!, rows.slice(1))
    : tableFromRows(
        rows[0]!.map((_, i) => String(i + 1)),
        rows,
      );
}

/** One line of CSV. Text is quoted where it needs to be. */
export const csvLine = (cells: readonly (string | number)[]): string =>
  cells
    .map((cell) => {
      const text = String(cell);
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    })
    .join(",");
