// A CSV file as training and test rows, with the preprocessing fitted on the training rows.
// Place: command line, before the trainer. Invariant: equal arguments give equal rows in equal order; nothing of a test
// row is used to fit.

import { type TabularData, tabularData } from "../data/apply-preprocessing.ts";
import { categoryOf, dateOf, isMissing, numberOf } from "../data/cells.ts";
import { fitPreprocessing, fitTarget, type PreprocessingOptions } from "../data/fit-preprocessing.ts";
import type { Preprocessing } from "../data/preprocessing.ts";
import { type Split, trainTestSplit } from "../data/split.ts";
import { groupSplit, timeSplit } from "../data/split-by.ts";
import { columnOf, type Table } from "../data/table.ts";
import { ConfigError, FormatError } from "../errors.ts";
import { readCsv } from "./csv-file.ts";
import { naming } from "./files.ts";
import type { TableOptions } from "./table-options.ts";

export interface TableCommand extends TableOptions {
  readonly data: string;
}

/** Rows to train on and others to test on. */
export interface TableData {
  readonly name: string;
  readonly preprocessing: Preprocessing;
  readonly train: TabularData;
  readonly test: TabularData;
}

/** What the options say about columns. */
export function preprocessingOptions(table: Table, command: TableCommand): PreprocessingOptions {
  const { target, task, ignore = [], category = [], embed = [], scale, impute, splitBy } = command;
  for (const name of [...category, ...embed, ...(splitBy === undefined ? [] : [splitBy])])
    columnOf(table, name);
  const columns = [...new Set([...category, ...embed])].map((name) => [
    name,
    { type: "category", ...(embed.includes(name) && { encode: "embedding" }) } as const,
  ]);
  // A column that names groups identifies rows: the network must not learn it by heart.
  const groups =
    command.split === "group" && !ignore.includes(splitBy!) && splitBy !== target ? [splitBy!] : [];
  return {
    ...(target !== undefined && { target }),
    ...(task && { task }),
    ignore: [...ignore, ...groups],
    columns: Object.fromEntries(columns),
    defaults: { ...(scale && { scale }), ...(impute && { impute }) },
  };
}

/** One number a row: dates as milliseconds, numbers as they are. */
export function timesOf(table: Table, name: string): number[] {
  return columnOf(table, name).map((cell, i) => {
    const time = isMissing(cell) ? undefined : (numberOf(cell) ?? dateOf(cell));
    if (time !== undefined) return time;
    throw new FormatError(
      "table/cell",
      `row ${i + 1}, column "${name}": expected a date or number to split by`,
      {
        row: i + 1,
        column: name,
      },
    );
  });
}

/** Class of each row by its text; for a target of many different numbers undefined. */
export function labelsOf(table: Table, { target, task }: TableOptions): number[] | undefined {
  const cells = columnOf(table, target!);
  const fitted = fitTarget(target!, cells, [...cells.keys()], task);
  if (fitted.type !== "classes") return undefined;
  const index = new Map(fitted.values.map((value, i) => [value, i]));
  return cells.map((cell) => index.get(categoryOf(cell))!);
}

export const groupsOf = (table: Table, name: string): string[] => columnOf(table, name).map(categoryOf);

function splitOf(table: Table, command: TableCommand): Split {
  const { split, splitBy, testFraction = 0.2, splitSeed = 0 } = command;
  if (split === "time") return timeSplit(timesOf(table, splitBy!), { testFraction });
  if (split === "group") return groupSplit(groupsOf(table, splitBy!), { testFraction, seed: splitSeed });
  const labels = split === "random" ? undefined : labelsOf(table, command);
  if (split === "stratified" && !labels)
    throw new ConfigError(
      "config/option",
      "--split stratified is about classes, and the target holds numbers",
      {
        option: "split",
      },
    );
  return trainTestSplit(table.rows, { testFraction, seed: splitSeed, ...(labels && { labels }) });
}

/** Reads, splits and fits; a resumed training brings its preprocessing along. */
export async function loadTable(command: TableCommand, fitted?: Preprocessing): Promise<TableData> {
  const table = await readCsv(command.data, command);
  if (command.test !== undefined) {
    const preprocessing =
      fitted ?? naming(command.data, () => fitPreprocessing(table, preprocessingOptions(table, command)));
    const held = await readCsv(command.test, command);
    return {
      name: command.data,
      preprocessing,
      train: naming(command.data, () => tabularData(preprocessing, table)),
      test: naming(command.test, () => tabularData(preprocessing, held)),
    };
  }
  return naming(command.data, () => {
    const split = splitOf(table, command);
    return { name: command.data, ...splitData(table, split, command, fitted) };
  });
}

/** Both parts of a split. */
export function splitData(
  table: Table,
  split: Split,
  command: TableCommand,
  fitted?: Preprocessing,
): Omit<TableData, "name"> {
  const preprocessing =
    fitted ?? fitPreprocessing(table, { ...preprocessingOptions(table, command), rows: split.train });
  return {
    preprocessing,
    train: tabularData(preprocessing, table, { rows: split.train }),
    test: tabularData(preprocessing, table, { rows: split.test }),
  };
}
