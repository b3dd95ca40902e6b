// How a column of a table is read: the options, their check, and what defaults mean for a column.
//
// Place: given by the user to fitPreprocessing. Invariant: an unknown option or value is refused, never ignored.

import { ConfigError } from "../errors.ts";
import { type DateFormat, dateOf, isMissing, numberOf } from "./cells.ts";
import { DATE_PARTS, type DatePart } from "./preprocessing.ts";
import type { Scaling } from "./statistics.ts";
import type { Cell } from "./table.ts";

/** How a column is read. What does not fit its type is refused. */
export interface ColumnOptions {
  /** Default: numeric where all cells are numbers, date where all are dates, else category. */
  readonly type?: "numeric" | "category" | "date";
  /** Of numbers; default "standard". */
  readonly scale?: Scaling;
  /**
   * What fills gaps. Numbers and dates: default "median" (dates know "median" and "mostFrequent"). Categories: "own" (default)
   * makes "missing" a category where training rows have it. "refuse" makes a gap an error.
   */
  readonly impute?: "mean" | "median" | "mostFrequent" | "own" | "refuse";
  /** A further feature that is 1 where a number or date is missing. Default: where training rows have gaps. */
  readonly missingFlag?: boolean;
  /** Of categories; default "oneHot". */
  readonly encode?: "oneHot" | "embedding";
  /** Width of an embedding; default min(50, half of the categories, rounded up). */
  readonly dimensions?: number;
  /** Categories that training rows did not have: "other" (default; zeros, or index 0 of the embedding) or "refuse". */
  readonly unseen?: "other" | "refuse";
  /** Of dates; default "iso". */
  readonly dateFormat?: DateFormat;
  /** Default: elapsed, month, weekday. */
  readonly dateParts?: readonly DatePart[];
}

const CHOICES: Readonly<Record<keyof ColumnOptions, readonly unknown[] | null>> = {
  type: ["numeric", "category", "date"],
  scale: ["standard", "minMax", "robust", "none"],
  impute: ["mean", "median", "mostFrequent", "own", "refuse"],
  missingFlag: [true, false],
  encode: ["oneHot", "embedding"],
  unseen: ["other", "refuse"],
  dateFormat: ["iso", "dmy", "mdy"],
  dimensions: null,
  dateParts: null,
};

export function badOption(option: string, expected: string, got: unknown): ConfigError {
  return new ConfigError("data/option", `${option}: expected ${expected}, got ${JSON.stringify(got)}`, {
    option,
  });
}

/** Refuses unknown options and values. `where` names them in messages. */
export function checkColumnOptions(where: string, options: ColumnOptions): void {
  for (const [key, value] of Object.entries(options)) {
    if (!Object.hasOwn(CHOICES, key))
      throw badOption(`${where}.${key}`, `one of the options ${Object.keys(CHOICES).join(", ")}`, key);
    const choices = CHOICES[key as keyof ColumnOptions];
    if (value !== undefined && choices && !choices.includes(value))
      throw badOption(`${where}.${key}`, `one of ${choices.join(", ")}`, value);
  }
  const { dimensions, dateParts } = options;
  if (dimensions !== undefined && !(Number.isInteger(dimensions) && dimensions > 0 && dimensions <= 1024))
    throw badOption(`${where}.dimensions`, "a whole number from 1 to 1024", dimensions);
  const known =
    Array.isArray(dateParts) && dateParts.length > 0 && dateParts.every((p) => DATE_PARTS.includes(p));
  if (dateParts !== undefined && !(known && new Set(dateParts).size === dateParts.length))
    throw badOption(`${where}.dateParts`, `different ones of ${DATE_PARTS.join(", ")}`, dateParts);
}

/** Defaults hold where they make sense: an imputation that a column's type does not know is that type's own default. */
export function withDefaults(
  defaults: ColumnOptions,
  own: ColumnOptions,
  cells: readonly Cell[],
): ColumnOptions {
  const all = { ...defaults, ...own };
  if (own.impute !== undefined || all.impute === undefined || all.impute === "refuse") return all;
  const { impute, ...rest } = all;
  const format = all.dateFormat ?? "iso";
  const present = cells.filter((cell) => !isMissing(cell));
  const looks = (parse: (cell: Cell) => number | undefined) =>
    present.every((cell) => parse(cell) !== undefined);
  const type =
    own.type ?? (looks(numberOf) ? "numeric" : looks((cell) => dateOf(cell, format)) ? "date" : "category");
  const fits = {
    numeric: impute !== "own",
    date: impute === "median" || impute === "mostFrequent",
    category: impute === "own" || impute === "mostFrequent",
  };
  return fits[type] ? all : rest;
}
