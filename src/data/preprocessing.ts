// A fitted preprocessing: plain data that says how each column of a raw row becomes numbers.
//
// Place: made by fitPreprocessing from training rows, kept in the model file, followed by applyPreprocessing.
// Invariant: a value of this type is plain JSON and holds all that is needed; nothing is fitted again when it is used.

import { cosPi } from "../schedules/evaluate.ts";
import type { DateFormat } from "./cells.ts";
import type { Scale } from "./statistics.ts";

/** A column of numbers: (x − offset) / divisor, missing values replaced by `fill` before. */
export interface NumericColumn extends Scale {
  readonly type: "numeric";
  readonly name: string;
  /** null: a missing value is refused. */
  readonly fill: number | null;
  /** A further feature that is 1 where the value is missing. */
  readonly flag: boolean;
}

/** A column of categories: one feature for each value, or an index for an embedding. */
export interface CategoryColumn {
  readonly type: "category";
  readonly name: string;
  readonly values: readonly string[];
  readonly encode: "oneHot" | "embedding";
  /** Width of the embedding; 0 for one-hot. */
  readonly dimensions: number;
  /** What a missing value is: a category of its own, a value (its index), an unseen one, or refused. */
  readonly missing: "own" | "unseen" | "refuse" | number;
  /** An unseen value has zeros in all features (one-hot) or index 0 (embedding), or is refused. */
  readonly unseen: "other" | "refuse";
}

export const DATE_PARTS = ["elapsed", "year", "month", "day", "weekday", "hour"] as const;
/** `elapsed` (days since 1970) and `year` are scaled numbers; the others turn in a circle: cosine and sine. */
export type DatePart = (typeof DATE_PARTS)[number];

export interface DateColumn {
  readonly type: "date";
  readonly name: string;
  readonly format: DateFormat;
  /** Milliseconds since 1970 for missing dates; null: refused. */
  readonly fill: number | null;
  readonly flag: boolean;
  /** Offset and divisor are 0 and 1 for parts that turn in a circle. */
  readonly parts: readonly ({ readonly part: DatePart } & Scale)[];
}

export type FittedColumn = NumericColumn | CategoryColumn | DateColumn;

/** The column to predict: classes by their index here, or scaled numbers. */
export type FittedTarget =
  | { readonly type: "classes"; readonly name: string; readonly values: readonly string[] }
  | ({ readonly type: "number"; readonly name: string } & Scale);

export interface Preprocessing {
  readonly version: 1;
  readonly columns: readonly FittedColumn[];
  readonly target: FittedTarget | null;
  /** Columns that may be there and are not used. */
  readonly ignored: readonly string[];
}

/** Period of a part that turns, and its value within the period, from 0. */
const CIRCLES: Readonly<
  Record<Exclude<DatePart, "elapsed" | "year">, readonly [number, (d: Date) => number]>
> = {
  month: [12, (d) => d.getUTCMonth()],
  day: [31, (d) => d.getUTCDate() - 1],
  weekday: [7, (d) => d.getUTCDay()],
  hour: [24, (d) => d.getUTCHours() + d.getUTCMinutes() / 60],
};

const DAY_MS = 86_400_000;

/** The number behind a part that is scaled; undefined for parts that turn. */
export function linearPart(part: DatePart, ms: number): number | undefined {
  if (part === "elapsed") return ms / DAY_MS;
  return part === "year" ? new Date(ms).getUTCFullYear() : undefined;
}

/** Cosine and sine of a part that turns. */
export function circlePart(part: DatePart, ms: number): readonly [number, number] {
  const [period, of] = CIRCLES[part as keyof typeof CIRCLES];
  const turn = of(new Date(ms)) / period;
  return [cosPi(2 * turn), cosPi(2 * turn - 0.5)];
}

/** Whether a column goes to an input of its own, as an index for an embedding. */
export const isEmbedded = (column: FittedColumn): column is CategoryColumn =>
  column.type === "category" && column.encode === "embedding";

/** Categories of an embedding: unseen, the values, and missing where it is a category of its own. */
export const embeddingRows = (column: CategoryColumn): number =>
  1 + column.values.length + Number(column.missing === "own");

/** Name of the model's input for an embedded column. */
export const embeddingInput = (column: CategoryColumn): string => `category:${column.name}`;

/** Name of the model's input for all other features, where there is more than one input. */
export const FEATURES = "features";

function namesOf(column: FittedColumn): string[] {
  const { name } = column;
  if (column.type === "numeric") return column.flag ? [name, `${name} missing`] : [name];
  if (column.type === "category")
    return [
      ...column.values.map((value) => `${name} = ${value}`),
      ...(column.missing === "own" ? [`${name} missing`] : []),
    ];
  const parts = column.parts.flatMap(({ part }) =>
    linearPart(part, 0) === undefined ? [`${name} ${part} cos`, `${name} ${part} sin`] : [`${name} ${part}`],
  );
  return column.flag ? [...parts, `${name} missing`] : parts;
}

/** What each value of the features is, in their order: "age", "age missing", "city = Rome", "date month cos". */
export function featureNames(preprocessing: Preprocessing): string[] {
  return preprocessing.columns.filter((column) => !isEmbedded(column)).flatMap(namesOf);
}

/** Features of one column. */
export const featureCount = (column: FittedColumn): number =>
  isEmbedded(column) ? 0 : namesOf(column).length;
