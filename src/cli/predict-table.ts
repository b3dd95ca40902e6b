// `edgegrad predict` and `edgegrad evaluate` on CSV files: raw rows go in, predictions or figures come out.
// Place: command line. Invariant: the file that `--out` names is whole or not there.

import type { Core } from "../api.ts";
import { tabularData } from "../data/apply-preprocessing.ts";
import { preprocessingIn } from "../data/preprocessing-file.ts";
import { type RowPrediction, rowPredictor } from "../data/row-predictor.ts";
import { ConfigError, FormatError } from "../errors.ts";
import { type CsvOptions, csvLine, readCsv } from "./csv-file.ts";
import { checkWritable, naming, readBytes, writeBytes } from "./files.ts";
import { confusionText, formatFigures, scoreTable } from "./table-scores.ts";

/** Options of both commands, as commander gives them. */
export interface TablePredictCommand extends CsvOptions {
  readonly model: string;
  readonly data: string;
  readonly out?: string;
  readonly json?: boolean;
}

/** Writes a prediction for each row, to `--out` or to standard output. */
export async function predictTable(core: Core, command: TablePredictCommand): Promise<void> {
  if (command.out !== undefined) await checkWritable(command.out);
  const file = await readBytes(command.model);
  const predictor = naming(command.model, () => rowPredictor(core, file));
  const table = await readCsv(command.data, command);
  const predictions = naming(command.data, () => predictor.predict(table));
  const text = command.json
    ? jsonLines(predictions, predictor.classes)
    : csvLines(predictions, predictor.classes);
  if (command.out === undefined) process.stdout.write(text);
  else {
    await writeBytes(command.out, new TextEncoder().encode(text));
    process.stdout.write(
      command.json
        ? `${JSON.stringify({ event: "done", rows: predictions.length, out: command.out })}\n`
        : `${predictions.length} predictions saved to ${command.out}\n`,
    );
  }
  predictor.dispose();
}

function csvLines(predictions: readonly RowPrediction[], classes: readonly string[]): string {
  const head = csvLine(["prediction", ...classes.map((name) => `probability of ${name}`)]);
  const lines = predictions.map(({ value, probabilities = [] }) =>
    csvLine([value, ...probabilities.map((p) => Number(p.toPrecision(6)))]),
  );
  return `${[head, ...lines].join("\n")}\n`;
}

function jsonLines(predictions: readonly RowPrediction[], classes: readonly string[]): string {
  const records = predictions.map(({ value, probabilities }, i) =>
    JSON.stringify({ row: i + 1, prediction: value, ...(probabilities && { classes, probabilities }) }),
  );
  return `${records.join("\n")}\n`;
}

/** Compares predictions with the target's column. */
export async function evaluateTable(core: Core, command: TablePredictCommand): Promise<void> {
  const file = await readBytes(command.model);
  const preprocessing = naming(command.model, () => preprocessingIn(file));
  if (!preprocessing?.target)
    throw new FormatError(
      "preprocessing/none",
      `${command.model}: the model was not trained on a table with a target, so a CSV file cannot test it`,
      { file: command.model },
    );
  // Checks that model and preprocessing belong together.
  naming(command.model, () => rowPredictor(core, file)).dispose();
  const table = await readCsv(command.data, command);
  const data = naming(command.data, () => tabularData(preprocessing, table));
  using predictor = core.predictor(file, { batchSize: 256 });
  const outputs = predictor.predict(data.x) as Float32Array;
  if (
    preprocessing.target.type === "classes" &&
    outputs.length !== data.rows * preprocessing.target.values.length
  )
    throw new ConfigError("config/model", `${command.model}: expected one logit per class`, {
      file: command.model,
    });
  const scores = scoreTable(preprocessing, outputs, data.y);
  if (command.json) {
    const record = {
      rows: data.rows,
      ...scores.figures,
      ...(scores.confusion && { confusion: scores.confusion }),
    };
    process.stdout.write(`${JSON.stringify(record)}\n`);
    return;
  }
  const confusion = confusionText(preprocessing, scores);
  const lines = [
    ...(confusion === undefined ? [] : [confusion, ""]),
    `${formatFigures(scores.figures)} on ${data.rows} rows`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
