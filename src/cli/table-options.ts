// The options of commands that work on tables (CSV files), and what they say when they contradict each other.
// Place: command line; added to `train`, `cross-validate` and `find-lr`. Invariant: an option that the given data does
// not know is refused, never ignored.

import { type Command, InvalidArgumentError, Option } from "commander";
import { ConfigError } from "../errors.ts";

/** Options of a command, as commander gives them. */
export interface TableOptions {
  readonly target?: string;
  readonly task?: "classification" | "regression";
  readonly ignore?: readonly string[];
  readonly category?: readonly string[];
  readonly embed?: readonly string[];
  readonly scale?: "standard" | "minMax" | "robust" | "none";
  readonly impute?: "mean" | "median" | "mostFrequent" | "refuse";
  readonly delimiter?: string;
  readonly header?: boolean;
  readonly test?: string;
  readonly split?: "random" | "stratified" | "time" | "group";
  readonly splitBy?: string;
  readonly testFraction?: number;
  readonly splitSeed?: number;
  readonly hidden?: readonly number[];
  readonly dropout?: number;
  readonly weightDecay?: number;
  readonly balance?: boolean;
  readonly patience?: number;
}

export const wholeNumber = (lowest: number) => (text: string) => {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= lowest) return value;
  throw new InvalidArgumentError(`Expected a whole number from ${lowest} up.`);
};

export const positiveNumber = (text: string) => {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError("Expected a number above 0.");
};

const share = (text: string) => {
  const value = Number(text);
  if (text.trim() !== "" && value > 0 && value < 1) return value;
  throw new InvalidArgumentError("Expected a number between 0 and 1.");
};

const sizes = (text: string): number[] => {
  if (text === "none") return [];
  const list = text.split(",").map(Number);
  if (list.every((n) => Number.isInteger(n) && n > 0)) return list;
  throw new InvalidArgumentError('Expected whole numbers such as 64,32, or "none".');
};

/** Names of options that are about tables; `train` refuses them for pictures. */
const TABLE_ONLY: readonly (keyof TableOptions)[] = [
  ...([
    "target",
    "task",
    "ignore",
    "category",
    "embed",
    "scale",
    "impute",
    "delimiter",
    "header",
    "test",
  ] as const),
  ...([
    "split",
    "splitBy",
    "testFraction",
    "splitSeed",
    "hidden",
    "dropout",
    "weightDecay",
    "balance",
  ] as const),
  "patience",
];

/** Adds what a table needs said. */
export function addTableOptions(command: Command, { testing = true } = {}): Command {
  command
    .optionsGroup("Tables (CSV):")
    .option("--target <column>", "column to predict")
    .addOption(new Option("--task <task>", "default by the target").choices(["classification", "regression"]))
    .option("--ignore <columns...>", "columns that are not used")
    .option("--category <columns...>", "columns of numbers that name categories")
    .option("--embed <columns...>", "categories to embed rather than one-hot")
    .addOption(
      new Option("--scale <how>", "of numbers (default: standard)").choices([
        "standard",
        "minMax",
        "robust",
        "none",
      ]),
    )
    .addOption(
      new Option("--impute <how>", "what fills gaps (default: median)").choices([
        "mean",
        "median",
        "mostFrequent",
        "refuse",
      ]),
    )
    .option("--delimiter <text>", "between cells (default: a comma, for .tsv a tab)")
    .option("--no-header", 'the first line is a row; columns are called "1", "2", …')
    .addOption(
      new Option(
        "--split <how>",
        "how test rows are chosen (default: stratified for classes, else random)",
      ).choices([...["random", "stratified", "time", "group"]]),
    )
    .option("--split-by <column>", "dates or numbers of --split time, groups of --split group")
    .option("--split-seed <n>", "of the split (default: 0)", wholeNumber(0))
    .option("--hidden <sizes>", "units of the hidden layers, such as 64,32, or none (default: 32)", sizes)
    .option("--dropout <share>", "behind each hidden layer", share)
    .option("--weight-decay <rate>", "decoupled (AdamW)", positiveNumber)
    .option("--balance", "weigh classes so that each has the same say");
  if (testing)
    command
      .option("--test <file>", "CSV file of test rows, instead of a split")
      .option("--test-fraction <share>", "of the rows that are for testing (default: 0.2)", share)
      .option(
        "--patience <n>",
        "stop after so many epochs without a better loss on a tenth of the training rows, and go back to the best",
        wholeNumber(1),
      );
  return command;
}

const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;

/** For pictures: refuses what only tables have. */
export function refuseTableOptions(given: ReadonlySet<string>): void {
  const name = TABLE_ONLY.find((option) => given.has(option));
  if (name === undefined) return;
  throw new ConfigError(
    "config/option",
    `${name === "header" ? "--no-header" : flagOf(name)} is for tables: say --data FILE.csv, or leave it out`,
    { option: name },
  );
}

/** For tables: refuses what contradicts. */
export function checkTableOptions(options: TableOptions, given: ReadonlySet<string>): void {
  const refuse = (option: string, message: string): never => {
    throw new ConfigError("config/option", message, { option });
  };
  if (given.has("model"))
    refuse("model", "--model is for pictures; the layers of a table's network are --hidden");
  if (options.target === undefined) refuse("target", "say which column to predict: --target COLUMN");
  const { split, splitBy, test, testFraction, task, balance } = options;
  const needsColumn = split === "time" || split === "group";
  if (needsColumn && splitBy === undefined) refuse("splitBy", `--split ${split} needs --split-by COLUMN`);
  if (!needsColumn && splitBy !== undefined)
    refuse("splitBy", "--split-by goes with --split time or --split group");
  if (test !== undefined && (split !== undefined || testFraction !== undefined))
    refuse("test", "--test brings the test rows along: leave out --split and --test-fraction");
  if (task === "regression" && balance)
    refuse("balance", "--balance is about classes, not about --task regression");
  if (task === "regression" && split === "stratified") refuse("split", "--split stratified is about classes");
}

/** The words that give a command the same options again, but for those named. */
export function optionWords(command: Command, without: readonly string[]): string[] {
  return command.options.flatMap((option) => {
    const name = option.attributeName();
    const source = command.getOptionValueSource(name);
    if (without.includes(name) || (source !== "cli" && source !== "config")) return [];
    const value: unknown = command.getOptionValue(name);
    if (typeof value === "boolean") return value === !option.negate ? [option.long!] : [];
    // Several columns are several words; several sizes are one.
    if (option.variadic) return [option.long!, ...(value as string[])];
    const text = Array.isArray(value) ? value.join(",") || "none" : String(value);
    return [option.long!, text];
  });
}
