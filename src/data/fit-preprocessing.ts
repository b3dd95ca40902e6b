// Fits a preprocessing: types of columns, what fills gaps, scales, categories. From the training rows, only from them.
//
// Place: once, before training. Invariant: no cell of a row that is not among `rows` is read, so nothing of a test set
// can leak into what is fitted.

import { ConfigError, FormatError } from "../errors.ts";
import { badCell, categoryOf, type DateFormat, dateOf, isMissing, numberOf } from "./cells.ts";
import { badOption, type ColumnOptions, checkColumnOptions, withDefaults } from "./column-options.ts";
import {
  type CategoryColumn,
  type DateColumn,
  type FittedColumn,
  type FittedTarget,
  linearPart,
  type NumericColumn,
  type Preprocessing,
} from "./preprocessing.ts";
import { mean, median, mostFrequent, scaleOf } from "./statistics.ts";
import { type Cell, columnOf, listOf, selectRows, type Table } from "./table.ts";

export interface PreprocessingOptions {
  /** The column to predict. */
  readonly target?: string;
  /** Default: classification where the target is text or at most 20 different whole numbers. */
  readonly task?: "classification" | "regression";
  /** Training rows, from 0; default all. Nothing is learned from any other row. */
  readonly rows?: ArrayLike<number>;
  /** Columns that are not used. */
  readonly ignore?: readonly string[];
  /** What holds for all columns that say nothing else. */
  readonly defaults?: Omit<ColumnOptions, "type">;
  readonly columns?: Readonly<Record<string, ColumnOptions>>;
  /** Different values of a one-hot column, at most. Default 1000. */
  readonly maxCategories?: number;
}

type Present = readonly { readonly cell: Cell; readonly row: number }[];

/** What a column looks like; a column of mostly numbers with some text in it is a mistake, not a category. */
function typeOf(name: string, present: Present, format: DateFormat): "numeric" | "category" | "date" {
  const numbers = present.filter(({ cell }) => numberOf(cell) !== undefined);
  if (numbers.length === present.length) return "numeric";
  if (present.every(({ cell }) => dateOf(cell, format) !== undefined)) return "date";
  if (numbers.length * 2 < present.length) return "category";
  const { cell, row } = present.find((p) => numberOf(p.cell) === undefined)!;
  const fix = `correct it, leave it empty if it is missing, or say that the type of "${name}" is category`;
  throw badCell(name, row, cell, "a number as in most rows", fix);
}

function parsed(
  name: string,
  present: Present,
  type: string,
  parse: (cell: Cell) => number | undefined,
): number[] {
  return present.map(({ cell, row }) => {
    const value = parse(cell);
    if (value !== undefined) return value;
    throw badCell(name, row, cell, `a ${type}`, "correct it, or leave it empty if it is missing");
  });
}

function gapOptions(gaps: boolean, options: ColumnOptions, fill: () => number) {
  const refuse = options.impute === "refuse";
  return { fill: refuse ? null : fill(), flag: !refuse && (options.missingFlag ?? gaps) };
}

function fitNumeric(name: string, present: Present, gaps: boolean, options: ColumnOptions): NumericColumn {
  const values = parsed(name, present, "number", numberOf);
  const fill = { mean, median, mostFrequent, own: median, refuse: median }[options.impute ?? "median"];
  const scale = scaleOf(values, options.scale ?? "standard");
  return { type: "numeric", name, ...gapOptions(gaps, options, () => fill(values)), ...scale };
}

function fitDate(name: string, present: Present, gaps: boolean, options: ColumnOptions): DateColumn {
  const format = options.dateFormat ?? "iso";
  const values = parsed(name, present, "date", (cell) => dateOf(cell, format));
  if (options.impute === "mean")
    throw badOption(`columns.${name}.impute`, "median, mostFrequent or refuse for dates", "mean");
  const fill = options.impute === "mostFrequent" ? mostFrequent : median;
  const parts = (options.dateParts ?? ["elapsed", "month", "weekday"]).map((part) => {
    const linear = linearPart(part, 0) !== undefined;
    const scale = options.scale ?? "standard";
    const numbers = linear ? values.map((ms) => linearPart(part, ms)!) : [];
    return { part, ...(linear ? scaleOf(numbers, scale) : { offset: 0, divisor: 1 }) };
  });
  return { type: "date", name, format, ...gapOptions(gaps, options, () => Math.round(fill(values))), parts };
}

/** Different values: numbers by size, texts by code unit. */
function distinct(values: readonly string[]): string[] {
  const different = [...new Set(values)];
  const numeric = different.every((value) => numberOf(value) !== undefined);
  return different.sort((a, b) => (numeric ? Number(a) - Number(b) : 0) || (a < b ? -1 : a > b ? 1 : 0));
}

function fitCategory(
  name: string,
  present: Present,
  gaps: boolean,
  options: ColumnOptions,
  most: number,
): CategoryColumn {
  const texts = present.map(({ cell }) => categoryOf(cell));
  const values = distinct(texts);
  const { encode = "oneHot", impute = "own", unseen = "other" } = options;
  if (encode === "oneHot" && values.length > most)
    throw new ConfigError(
      "data/categories",
      `column "${name}" has ${values.length} different values, more than ${most}: ignore it if it identifies rows, or encode it as an embedding`,
      { column: name },
    );
  if (impute === "mean" || impute === "median")
    throw badOption(`columns.${name}.impute`, "own, mostFrequent or refuse for categories", impute);
  const missing =
    impute === "own"
      ? gaps
        ? "own"
        : "unseen"
      : impute === "refuse"
        ? impute
        : values.indexOf(mostFrequent(texts));
  const dimensions =
    encode === "oneHot" ? 0 : (options.dimensions ?? Math.min(50, Math.ceil(values.length / 2)));
  return { type: "category", name, values, encode, dimensions, missing, unseen };
}

function fitColumn(
  name: string,
  cells: readonly Cell[],
  rows: readonly number[],
  options: ColumnOptions,
  most: number,
) {
  const present = rows.flatMap((row, i) => (isMissing(cells[i]) ? [] : [{ cell: cells[i], row }]));
  if (present.length === 0)
    throw new FormatError(
      "table/all-missing",
      `column "${name}" has no value in the ${rows.length} training rows: there is nothing to learn from it; ignore it`,
      { column: name },
    );
  const gaps = present.length < rows.length;
  const type = options.type ?? typeOf(name, present, options.dateFormat ?? "iso");
  if (type === "numeric" && options.impute === "own")
    throw badOption(`columns.${name}.impute`, "mean, median, mostFrequent or refuse for numbers", "own");
  if (type === "numeric") return fitNumeric(name, present, gaps, options);
  return type === "date"
    ? fitDate(name, present, gaps, options)
    : fitCategory(name, present, gaps, options, most);
}

/** Classes, or the scale of numbers. `rows` are the numbers of the cells' rows, for messages. */
export function fitTarget(
  name: string,
  cells: readonly Cell[],
  rows: readonly number[],
  task: PreprocessingOptions["task"],
): FittedTarget {
  cells.forEach((cell, i) => {
    if (isMissing(cell))
      throw badCell(name, rows[i]!, cell, "a value to predict", "leave rows without one out of the training");
  });
  const numbers = cells.map(numberOf);
  const words = cells.some((cell) => numberOf(cell) === undefined);
  const values = distinct(cells.map(categoryOf));
  const counts = values.length <= 20 && !words && values.every((value) => Number.isInteger(Number(value)));
  if (task === "regression" || (task === undefined && !words && !counts)) {
    numbers.forEach((value, i) => {
      if (value === undefined)
        throw badCell(
          name,
          rows[i]!,
          cells[i],
          "a number to predict",
          "or say that the task is classification",
        );
    });
    return { type: "number", name, ...scaleOf(numbers as number[], "standard") };
  }
  if (values.length < 2)
    throw new ConfigError(
      "data/one-class",
      `column "${name}" has one class only, "${values[0]}": nothing to tell apart`,
      {
        column: name,
      },
    );
  if (values.length > 10_000)
    throw new ConfigError(
      "data/classes",
      `column "${name}" has ${values.length} classes: is it a regression?`,
      {
        column: name,
      },
    );
  return { type: "classes", name, values };
}

const KNOWN = ["target", "task", "rows", "ignore", "defaults", "columns", "maxCategories"];

/**
 * Learns from the training rows how raw rows become numbers.
 *
 * @throws FormatError naming row and column of a cell that does not fit, ConfigError for options that cannot be honoured
 * @example
 * const table = tableFromRows(["age", "city", "bought"], [["31", "Oslo", "no"], ["", "Rome", "yes"]]);
 * const preprocessing = fitPreprocessing(table, { target: "bought" });
 */
export function fitPreprocessing(table: Table, options: PreprocessingOptions = {}): Preprocessing {
  const { target, task, ignore = [], defaults = {}, columns = {}, maxCategories = 1000 } = options;
  for (const key of Object.keys(options))
    if (!KNOWN.includes(key)) throw badOption(key, `one of ${KNOWN.join(", ")}`, key);
  if (task !== undefined && task !== "classification" && task !== "regression")
    throw badOption("task", "classification or regression", task);
  checkColumnOptions("defaults", defaults);
  for (const [name, own] of Object.entries(columns)) {
    columnOf(table, name);
    checkColumnOptions(`columns.${name}`, own);
    if (name === target || ignore.includes(name))
      throw badOption(
        `columns.${name}`,
        "a column that is used as a feature",
        name === target ? "the target" : "an ignored one",
      );
  }
  for (const name of ignore) columnOf(table, name);
  if (target !== undefined) columnOf(table, target);
  if (target !== undefined && ignore.includes(target))
    throw badOption("ignore", "columns other than the target", target);
  const rows = Array.from(options.rows ?? { length: table.rows }, (row, i) =>
    options.rows ? (row as number) : i,
  );
  if (rows.length === 0) throw new FormatError("table/empty", "expected at least one training row, got none");
  const training = selectRows(table, rows);
  const names = [...table.columns.keys()].filter((name) => name !== target && !ignore.includes(name));
  if (names.length === 0)
    throw new ConfigError(
      "data/no-columns",
      `no column is left to learn from; there are ${listOf([...table.columns.keys()])}`,
    );
  const kind = (name: string, own: ColumnOptions): FittedColumn =>
    fitColumn(name, training.columns.get(name)!, rows, own, maxCategories);
  return {
    version: 1,
    columns: names.map((name) =>
      kind(name, withDefaults(defaults, columns[name] ?? {}, training.columns.get(name)!)),
    ),
    target: target === undefined ? null : fitTarget(target, training.columns.get(target)!, rows, task),
    ignored: [...ignore],
  };
}
