// `edgegrad evaluate`: what a saved model is worth on rows or pictures that it was not trained on.
// Place: command line. Invariant: reads only; nothing is written to disk.

import type { Core } from "../api.ts";
import { ConfigError } from "../errors.ts";
import { classNamesOf } from "./class-names.ts";
import { checkClassifier } from "./classifier.ts";
import { formatConfusionMatrix } from "./confusion-matrix.ts";
import { type CsvOptions, isTableFile } from "./csv-file.ts";
import { loadTestImages } from "./data-source.ts";
import { naming, readBytes } from "./files.ts";
import { evaluateTable } from "./predict-table.ts";
import { formatFigures, scoreClasses } from "./table-scores.ts";

/** Options of the command, as commander gives them. */
export interface EvaluateCommand extends CsvOptions {
  readonly model: string;
  readonly data?: string;
  readonly digits?: boolean;
  readonly json?: boolean;
}

/** Tests a model on a CSV file, a folder of images or drawn digits. */
export async function evaluate(core: Core, command: EvaluateCommand): Promise<void> {
  const { data, digits, json, model } = command;
  if ((data === undefined) === !digits)
    throw new ConfigError(
      "config/data",
      "evaluate: say either --data PATH (a CSV file or a folder) or --digits",
      {
        option: "data",
      },
    );
  if (isTableFile(data)) return evaluateTable(core, { ...command, data });
  const file = await readBytes(model);
  using predictor = naming(model, () => core.predictor(file, { batchSize: 256 }));
  const test = await loadTestImages(data);
  checkClassifier(predictor.model, test.imageShape, model);
  const logits = predictor.predict(test.x) as Float32Array;
  const classes = logits.length / test.count;
  const most = test.y.reduce((max, label) => Math.max(max, label), 0);
  if (most >= classes)
    throw new ConfigError(
      "config/model",
      `${model}: has ${classes} classes, the images have labels up to ${most}`,
      {
        file: model,
      },
    );
  const { figures, confusion } = scoreClasses(logits, test.y, classes);
  const names = classNamesOf(file, classes);
  const text = json
    ? JSON.stringify({ images: test.count, ...figures, confusion })
    : `${formatConfusionMatrix(confusion.flat(), names)}\n\n${formatFigures(figures)} on ${test.count} images`;
  process.stdout.write(`${text}\n`);
}
