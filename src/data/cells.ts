// What a cell means: missing, a number, a date, a category.
//
// Place: under fitting and applying of a preprocessing. Invariant: the same text means the same in every runtime and
// time zone: `Date.parse` and locales are never asked.

import { FormatError } from "../errors.ts";
import type { Cell } from "./table.ts";

/** Texts that stand for a missing value, without the spaces around them. */
export const MISSING_TEXTS: ReadonlySet<string> = new Set([
  "",
  "NA",
  "N/A",
  "n/a",
  "NaN",
  "nan",
  "null",
  "NULL",
  "None",
  "?",
]);

export function isMissing(cell: Cell): cell is null | undefined | "" {
  if (cell === null || cell === undefined) return true;
  if (typeof cell === "string") return MISSING_TEXTS.has(cell.trim());
  return typeof cell === "number" && Number.isNaN(cell);
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** A finite number, or undefined for anything that is none. Decimal point only: "1,5" and "12 %" are text. */
export function numberOf(cell: Cell): number | undefined {
  if (typeof cell === "boolean") return Number(cell);
  const text = typeof cell === "string" ? cell.trim() : undefined;
  const value =
    typeof cell === "number" ? cell : text !== undefined && NUMBER.test(text) ? Number(text) : undefined;
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}

/** The name of a category: the text without the spaces around it. */
export const categoryOf = (cell: Cell): string =>
  cell instanceof Date ? cell.toISOString() : String(cell).trim();

/** Order of day and month in dates written with slashes or dots; "iso" takes none of those. */
export type DateFormat = "iso" | "dmy" | "mdy";

const ISO =
  /^(\d{4})-(\d{1,2})(?:-(\d{1,2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3})\d*)?)?(Z|[+-]\d{2}:?\d{2})?)?)?$/;
const NAMED = /^([A-Za-z]{3})[a-z]*\.? (\d{1,2}),? (\d{4})$/;
const SLASHED = /^(\d{1,2})[/.](\d{1,2})[/.](\d{4})$/;
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/** Milliseconds of a day that exists, else undefined. */
function day(year: number, month: number, dayOfMonth: number): number | undefined {
  const ms = Date.UTC(year, month - 1, dayOfMonth);
  const date = new Date(ms);
  // 31 April rolls over into May, and years below 100 into the twentieth century.
  const same = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1;
  return same && date.getUTCDate() === dayOfMonth ? ms : undefined;
}

/**
 * Milliseconds since 1970 (UTC), or undefined. Understood: ISO 8601 ("2012-01-31", "2012-01", "2012-01-31T08:15:00Z";
 * without a zone UTC), "Jan 31 2012" and "January 31, 2012", and by `format` "31/01/2012" (dmy) or "01/31/2012" (mdy).
 */
export function dateOf(cell: Cell, format: DateFormat = "iso"): number | undefined {
  if (cell instanceof Date) return Number.isNaN(cell.getTime()) ? undefined : cell.getTime();
  if (typeof cell !== "string") return undefined;
  const text = cell.trim();
  const iso = ISO.exec(text);
  if (iso) {
    const [, year, month, date = 1, hour = 0, minute = 0, second = 0, fraction = "", zone = "Z"] = iso;
    const start = day(Number(year), Number(month), Number(date));
    if (start === undefined || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59)
      return undefined;
    const offset = /([+-])(\d{2}):?(\d{2})/.exec(zone);
    const minutes = offset ? (offset[1] === "-" ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3])) : 0;
    const ms = Number(`${fraction}00`.slice(0, 3) || 0);
    return start + ((Number(hour) * 60 + Number(minute) - minutes) * 60 + Number(second)) * 1000 + ms;
  }
  const named = NAMED.exec(text);
  if (named) {
    const month = MONTHS.indexOf(named[1]!.toLowerCase());
    return month < 0 ? undefined : day(Number(named[3]), month + 1, Number(named[2]));
  }
  const slashed = format === "iso" ? null : SLASHED.exec(text);
  if (!slashed) return undefined;
  const [first, second] = [Number(slashed[1]), Number(slashed[2])];
  return format === "dmy" ? day(Number(slashed[3]), second, first) : day(Number(slashed[3]), first, second);
}

/** Names a cell that is not of its column's type. */
export function badCell(name: string, row: number, cell: Cell, expected: string, fix: string): FormatError {
  const got = cell instanceof Date ? "a date" : JSON.stringify(cell);
  return new FormatError(
    "table/cell",
    `row ${row + 1}, column "${name}": expected ${expected}, got ${got}; ${fix}`,
    { row: row + 1, column: name },
  );
}
