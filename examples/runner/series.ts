// Time series as tables: a row per step, made of what was known before it.
//
// Place: shared by forecasting and market-trend. Invariant: the features of step t use steps before t only.

import { type Cell, dateOf, type Table, tableFromColumns } from "edgegrad/data";

export interface Series {
  readonly name: string;
  /** Milliseconds, ascending. */
  readonly times: readonly number[];
  readonly values: readonly number[];
}

/** The series of a table, in the order of time. */
export function seriesOf(
  name: string,
  table: Table,
  date: string,
  value: string,
  only?: [string, Cell],
): Series {
  const times = table.columns.get(date)!.map((cell) => dateOf(cell)!);
  const values = table.columns.get(value)!.map(Number);
  const rows = times
    .map((_, i) => i)
    .filter((i) => !only || table.columns.get(only[0])![i] === only[1])
    .sort((a, b) => times[a]! - times[b]!);
  return { name, times: rows.map((i) => times[i]!), values: rows.map((i) => values[i]!) };
}

/** Natural logarithm of each ratio to the value before: returns that add up. The first step has none. */
export const logReturns = (values: readonly number[]): number[] =>
  values.map((value, i) => (i === 0 ? Number.NaN : Math.log(value / values[i - 1]!)));

/** A table of columns by name from one record of numbers or names per step. */
export function tableOfSteps(steps: readonly Readonly<Record<string, Cell>>[]): Table {
  const names = Object.keys(steps[0]!);
  return tableFromColumns(Object.fromEntries(names.map((name) => [name, steps.map((step) => step[name])])));
}
