// Turns raw rows into the arrays that a model takes, as a fitted preprocessing says.
//
// Place: before every training, evaluation and prediction on tables. Invariant: a row's numbers depend on that row and
// the preprocessing alone; a cell that cannot be honoured is refused with its row and column, never guessed.

import { ConfigError, FormatError } from "../errors.ts";
import { badCell, categoryOf, dateOf, isMissing, numberOf } from "./cells.ts";
import {
  type CategoryColumn,
  circlePart,
  type DateColumn,
  embeddingInput,
  FEATURES,
  type FittedColumn,
  type FittedTarget,
  featureCount,
  isEmbedded,
  linearPart,
  type NumericColumn,
  type Preprocessing,
} from "./preprocessing.ts";
import { type Cell, checkRow, columnOf, listOf, type Table } from "./table.ts";

/** Arrays for a model's inputs: one where nothing is embedded, else by input name. */
export type TabularInput = Float32Array | Readonly<Record<string, Float32Array | Int32Array>>;

/** What `trainer.fit` and `trainer.evaluate` take. */
export interface TabularData {
  readonly rows: number;
  readonly x: TabularInput;
  /** Class indices, or scaled numbers. */
  readonly y: Int32Array | Float32Array;
}

export interface ApplyOptions {
  /** Columns that the preprocessing does not know: "refuse" (default) or "ignore". */
  readonly unknownColumns?: "refuse" | "ignore";
  /** The rows to take, from 0, in this order; default all. Messages count them within the whole table. */
  readonly rows?: ArrayLike<number>;
}

/** `row` is the place in the output, `source` the row of the table, for messages. */
type Place = (row: number, cell: Cell, source: number) => void;

const filled = (column: NumericColumn | DateColumn, row: number, cell: Cell): number => {
  if (column.fill !== null) return column.fill;
  throw badCell(
    column.name,
    row,
    cell,
    `a ${column.type === "date" ? "date" : "number"}`,
    "missing values are refused here",
  );
};

/** Writes one column's features of a row at `out[at + row·stride]`. */
function numericPlace(column: NumericColumn, out: Float32Array, at: number, stride: number): Place {
  const { name, offset, divisor, flag } = column;
  return (row, cell, source) => {
    const missing = isMissing(cell);
    const value = missing ? filled(column, source, cell) : numberOf(cell);
    if (value === undefined)
      throw badCell(name, source, cell, "a number", "correct it, or leave it empty if it is missing");
    const scaled = Math.fround((value - offset) / divisor);
    if (!Number.isFinite(scaled))
      throw badCell(name, source, cell, "a number of a size that f32 holds", "correct it");
    out[at + row * stride] = scaled;
    if (flag && missing) out[at + row * stride + 1] = 1;
  };
}

function datePlace(column: DateColumn, out: Float32Array, at: number, stride: number): Place {
  return (row, cell, source) => {
    const missing = isMissing(cell);
    const ms = missing ? filled(column, source, cell) : dateOf(cell, column.format);
    if (ms === undefined)
      throw badCell(
        column.name,
        source,
        cell,
        `a date (${column.format})`,
        "correct it, or leave it empty if it is missing",
      );
    let next = at + row * stride;
    for (const { part, offset, divisor } of column.parts) {
      const linear = linearPart(part, ms);
      if (linear !== undefined) out[next++] = (linear - offset) / divisor;
      else for (const value of circlePart(part, ms)) out[next++] = value;
    }
    if (column.flag && missing) out[next] = 1;
  };
}

/** The index of a cell's category among values and "missing"; −1 for an unseen one. */
function categoryIndex(column: CategoryColumn): (row: number, cell: Cell) => number {
  const { name, values, missing, unseen } = column;
  const index = new Map(values.map((value, i) => [value, i]));
  return (row, cell) => {
    if (isMissing(cell)) {
      if (missing === "refuse")
        throw badCell(name, row, cell, "a category", "missing values are refused here");
      if (typeof missing === "number") return missing;
      if (missing === "own") return values.length;
    }
    const found = isMissing(cell) ? undefined : index.get(categoryOf(cell));
    if (found !== undefined) return found;
    if (unseen === "refuse")
      throw badCell(
        name,
        row,
        cell,
        `one of ${listOf(values)}`,
        "categories that training did not have are refused here",
      );
    return -1;
  };
}

function categoryPlace(column: CategoryColumn, out: Float32Array, at: number, stride: number): Place {
  const indexOf = categoryIndex(column);
  return (row, cell, source) => {
    const index = indexOf(source, cell);
    if (index >= 0) out[at + row * stride + index] = 1;
  };
}

function placeOf(column: FittedColumn, out: Float32Array, at: number, stride: number): Place {
  if (column.type === "numeric") return numericPlace(column, out, at, stride);
  return column.type === "date" ? datePlace(column, out, at, stride) : categoryPlace(column, out, at, stride);
}

function rowOrder(table: Table, rows: ArrayLike<number> | undefined): number[] {
  if (!rows) return Array.from({ length: table.rows }, (_, row) => row);
  return Array.from(rows, (row) => checkRow(table, row));
}

function refuseUnknown({ columns, target, ignored }: Preprocessing, table: Table): void {
  const known = new Set([...columns.map(({ name }) => name), ...ignored, ...(target ? [target.name] : [])]);
  const unknown = [...table.columns.keys()].filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  throw new FormatError(
    "table/unknown-column",
    `column "${unknown[0]}" was not there in training; expected ${listOf(columns.map(({ name }) => name))}`,
    { column: unknown[0] },
  );
}

/**
 * The features of raw rows. The target's column may be absent.
 *
 * @throws FormatError naming row and column
 */
export function applyPreprocessing(
  preprocessing: Preprocessing,
  table: Table,
  options: ApplyOptions = {},
): { readonly rows: number; readonly x: TabularInput } {
  if (options.unknownColumns !== "ignore") refuseUnknown(preprocessing, table);
  const order = rowOrder(table, options.rows);
  const rows = order.length;
  if (rows === 0) throw new FormatError("table/empty", "expected at least one row, got none");
  const stride = preprocessing.columns.reduce((sum, column) => sum + featureCount(column), 0);
  const features = new Float32Array(rows * stride);
  const inputs: Record<string, Float32Array | Int32Array> = stride > 0 ? { [FEATURES]: features } : {};
  let at = 0;
  for (const column of preprocessing.columns) {
    const cells = columnOf(table, column.name);
    if (isEmbedded(column)) {
      const indexOf = categoryIndex(column);
      inputs[embeddingInput(column)] = Int32Array.from(order, (row) => indexOf(row, cells[row]) + 1);
      continue;
    }
    const place = placeOf(column, features, at, stride);
    for (let row = 0; row < rows; row++) place(row, cells[order[row]!], order[row]!);
    at += featureCount(column);
  }
  return { rows, x: Object.keys(inputs).length === 1 && stride > 0 ? features : inputs };
}

function targetValues(
  target: FittedTarget,
  cells: readonly Cell[],
  order: readonly number[],
): Int32Array | Float32Array {
  const { name } = target;
  if (target.type === "number")
    return Float32Array.from(order, (row) => {
      const cell = cells[row];
      const value = isMissing(cell) ? undefined : numberOf(cell);
      if (value === undefined) throw badCell(name, row, cell, "a number to compare with", "correct it");
      return (value - target.offset) / target.divisor;
    });
  const index = new Map(target.values.map((value, i) => [value, i]));
  return Int32Array.from(order, (row) => {
    const cell = cells[row];
    const found = isMissing(cell) ? undefined : index.get(categoryOf(cell));
    if (found === undefined)
      throw badCell(
        name,
        row,
        cell,
        `one of the classes ${listOf(target.values)}`,
        "training knows no other",
      );
    return found;
  });
}

/** Features and targets of rows whose target is known: what trains and tests. */
export function tabularData(
  preprocessing: Preprocessing,
  table: Table,
  options: ApplyOptions = {},
): TabularData {
  const { target } = preprocessing;
  if (!target)
    throw new ConfigError(
      "data/no-target",
      "this preprocessing was fitted without a target: give fitPreprocessing one",
      {
        option: "target",
      },
    );
  const { rows, x } = applyPreprocessing(preprocessing, table, options);
  return { rows, x, y: targetValues(target, columnOf(table, target.name), rowOrder(table, options.rows)) };
}
