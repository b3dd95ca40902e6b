// Tables: named columns of equal length whose cells are still as they came (text, numbers, dates, nothing).
//
// Place: what a CSV parser, a database or a form gives, before `fitPreprocessing` turns it into numbers.
// Invariant: every column has one cell per row, and no column has a name that reaches a prototype.

import { FormatError } from "../errors.ts";

/** A cell as it came. `null`, `undefined`, NaN and the texts of `MISSING_TEXTS` stand for a missing value. */
export type Cell = string | number | boolean | Date | null | undefined;

/** Columns by name, in order. Errors count rows from 1: the first row behind the header. */
export interface Table {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, readonly Cell[]>;
}

const FORBIDDEN: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);
const MAX_COLUMNS = 10_000;
const MAX_NAME = 1000;

/** What is wrong with a column's name, if anything. */
export function badName(name: unknown): string | undefined {
  if (typeof name !== "string") return `a column's name must be text, got ${String(name)}`;
  if (FORBIDDEN.has(name)) return `a column must not be called "${name}"`;
  if (name.length > MAX_NAME) return `a column's name has ${name.length} characters, at most ${MAX_NAME}`;
  return undefined;
}

function checkNames(names: readonly string[]): void {
  if (names.length > MAX_COLUMNS)
    throw new FormatError("table/columns", `${names.length} columns, at most ${MAX_COLUMNS} are read`);
  const seen = new Set<string>();
  for (const name of names) {
    const bad = badName(name);
    if (bad !== undefined) throw new FormatError("table/column-name", bad, { column: name });
    if (seen.has(name))
      throw new FormatError("table/duplicate-column", `two columns are called "${name}": rename one`, {
        column: name,
      });
    seen.add(name);
  }
}

/**
 * A table of rows that are lists, as CSV parsers give them.
 *
 * @throws FormatError naming the row that has more or fewer cells than there are columns
 * @example
 * const table = tableFromRows(["age", "city"], [["31", "Oslo"], ["", "Rome"]]);
 */
export function tableFromRows(names: readonly string[], rows: readonly (readonly Cell[])[]): Table {
  checkNames(names);
  rows.forEach((row, i) => {
    if (row.length !== names.length)
      throw new FormatError(
        "table/ragged",
        `row ${i + 1} has ${row.length} cells, expected ${names.length} (${listOf(names)})`,
        { row: i + 1, expected: names.length, got: row.length },
      );
  });
  return {
    rows: rows.length,
    columns: new Map(names.map((name, c) => [name, rows.map((row) => row[c])])),
  };
}

/**
 * A table of rows that are objects. Its columns are those of all rows; what a row does not have is missing.
 *
 * @example
 * const table = tableFromRecords([{ age: 31, city: "Oslo" }, { city: "Rome" }]);
 */
export function tableFromRecords(records: readonly Readonly<Record<string, Cell>>[]): Table {
  const columns = new Map<string, Cell[]>();
  records.forEach((record, i) => {
    if (typeof record !== "object" || record === null)
      throw new FormatError("table/row", `row ${i + 1} is no object of cells`, { row: i + 1 });
    for (const name of Object.keys(record)) {
      if (!columns.has(name)) columns.set(name, new Array<Cell>(records.length).fill(undefined));
      columns.get(name)![i] = record[name];
    }
  });
  checkNames([...columns.keys()]);
  return { rows: records.length, columns };
}

/** A table of columns of equal length. @throws FormatError naming the column whose length differs */
export function tableFromColumns(columns: Readonly<Record<string, ArrayLike<Cell>>>): Table {
  const names = Object.keys(columns);
  checkNames(names);
  const rows = names.length === 0 ? 0 : columns[names[0]!]!.length;
  for (const name of names)
    if (columns[name]!.length !== rows)
      throw new FormatError(
        "table/ragged",
        `column "${name}" has ${columns[name]!.length} cells, expected ${rows} like column "${names[0]}"`,
        { column: name, expected: rows, got: columns[name]!.length },
      );
  return { rows, columns: new Map(names.map((name) => [name, Array.from(columns[name]!)])) };
}

/** @throws FormatError for a row that is not there */
export function checkRow(table: Table, row: number): number {
  if (Number.isInteger(row) && row >= 0 && row < table.rows) return row;
  throw new FormatError("table/row", `there is no row ${row} (from 0) in a table of ${table.rows}`, { row });
}

/** The given rows of a table (from 0), in that order. */
export function selectRows(table: Table, rows: ArrayLike<number>): Table {
  const order = Array.from(rows, (row) => checkRow(table, row));
  return {
    rows: order.length,
    columns: new Map([...table.columns].map(([name, cells]) => [name, order.map((row) => cells[row])])),
  };
}

/** The cells of a column. @throws FormatError that lists the columns there are */
export function columnOf(table: Table, name: string): readonly Cell[] {
  const cells = table.columns.get(name);
  if (cells) return cells;
  throw new FormatError(
    "table/missing-column",
    `there is no column "${name}"; there are ${listOf([...table.columns.keys()])}`,
    { column: name },
  );
}

/** A few names for a message. */
export function listOf(names: readonly string[]): string {
  const shown = names.slice(0, 12).map((name) => `"${name}"`);
  return `${shown.join(", ")}${names.length > shown.length ? `, … ${names.length - shown.length} more` : ""}`;
}
