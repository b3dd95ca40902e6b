// `edgegrad cross-validate`: a table's network on every fold, each with a preprocessing fitted on that fold's training
// rows. Place: command line. Invariant: writes no file; no row is tested by a network that trained on it.

import type { Core } from "../api.ts";
import { crossValidate } from "../data/cross-validation.ts";
import type { Preprocessing } from "../data/preprocessing.ts";
import { kFold } from "../data/split-by.ts";
import { ConfigError } from "../errors.ts";
import { isTableFile, readCsv } from "./csv-file.ts";
import { naming } from "./files.ts";
import { Reporter } from "./progress.ts";
import { groupsOf, labelsOf, splitData, type TableCommand, timesOf } from "./table-data.ts";
import { checkTableOptions } from "./table-options.ts";
import { formatFigures, scoreTable } from "./table-scores.ts";
import { createTableTrainer, type TableTrainerOptions } from "./table-trainer.ts";

/** Options of the command, as commander gives them. */
export interface CrossValidateCommand extends TableCommand, TableTrainerOptions {
  readonly folds: number;
  readonly epochs: number;
  readonly json?: boolean;
}

/** Trains and tests on each fold, and prints the figures with their mean and deviation. */
export async function crossValidateTable(
  core: Core,
  command: CrossValidateCommand,
  given: ReadonlySet<string>,
): Promise<void> {
  checkTableOptions(command, given);
  if (!isTableFile(command.data))
    throw new ConfigError("config/data", "cross-validate: say which table: --data FILE.csv", {
      option: "data",
    });
  const reporter = new Reporter({ json: command.json ?? false, out: process.stdout });
  const table = await readCsv(command.data, command);
  const { folds, split, splitBy, splitSeed = 0, epochs } = command;
  const splits = naming(command.data, () => {
    if (split === "time") return kFold(table.rows, { folds, times: timesOf(table, splitBy!) });
    const seed = splitSeed;
    if (split === "group") return kFold(table.rows, { folds, seed, groups: groupsOf(table, splitBy!) });
    const labels = split === "random" ? undefined : labelsOf(table, command);
    if (split === "stratified" && !labels)
      throw new ConfigError(
        "config/option",
        "--split stratified is about classes, and the target holds numbers",
      );
    return kFold(table.rows, { folds, seed, ...(labels && { labels }) });
  });
  // A fold of one class has no area under a curve; then no fold shows one, so that the mean is of all.
  const classes = naming(command.data, () => labelsOf(table, command));
  const areas = splits.every(({ test }) => new Set(Array.from(test, (row) => classes?.[row])).size > 1);
  reporter.line(`${command.data}: ${table.rows} rows, ${folds} folds, ${epochs} epochs each`);
  let last: Preprocessing | undefined;
  const { mean, deviation } = await crossValidate(splits, async (one, fold) => {
    const { preprocessing, train, test } = naming(command.data, () => splitData(table, one, command));
    last = preprocessing;
    using trainer = createTableTrainer(core, preprocessing, train, command);
    const history = await trainer.fit(train, { epochs });
    if (history.error) throw history.error;
    const outputs = trainer.predict(test.x) as Float32Array;
    const { figures } = scoreTable(preprocessing, outputs, test.y, { areas });
    reporter.line(
      `fold ${fold + 1}/${folds} · ${train.rows} + ${test.rows} rows · ${formatFigures(figures)}`,
    );
    reporter.json({ event: "fold", fold: fold + 1, trainRows: train.rows, testRows: test.rows, ...figures });
    return figures;
  });
  reporter.line(`mean ± deviation · ${formatFigures(mean, deviation)}`);
  reporter.json({ event: "done", folds, mean, deviation, target: last?.target?.type });
}
