// `edgegrad predict PICTURE…`: says what picture files show, by a saved model.
// Place: command line. Invariant: reads only; every file is decoded before the first answer is written.

import type { Core } from "../api.ts";
import { ConfigError } from "../errors.ts";
import { classNamesOf } from "./class-names.ts";
import { checkClassifier, classesOf, probabilityOf } from "./classifier.ts";
import { naming, readBytes } from "./files.ts";
import { readPictures } from "./picture-folder.ts";

/** Options of the command that this form knows. */
export interface PicturesCommand {
  readonly model: string;
  readonly json?: boolean;
}

/** Classifies picture files. */
export async function predictPictures(
  core: Core,
  paths: readonly string[],
  command: PicturesCommand,
): Promise<void> {
  const file = await readBytes(command.model);
  using predictor = naming(command.model, () =>
    core.predictor(file, { batchSize: Math.min(paths.length, 256) }),
  );
  const { x, count, imageShape } = await readPictures(paths);
  checkClassifier(predictor.model, imageShape, command.model);
  const logits = predictor.predict(x) as Float32Array;
  const classes = logits.length / count;
  if (classes < 2) {
    const message = `${command.model}: expected a model with an output for each class, got ${classes}`;
    throw new ConfigError("config/model", message, { file: command.model });
  }
  const names = classNamesOf(file, classes);
  const answers = Array.from(classesOf(logits, count), (label, i) => ({
    file: paths[i]!,
    class: label,
    name: names[label]!,
    probability: probabilityOf(logits.subarray(i * classes, (i + 1) * classes), label),
  }));
  if (command.json) {
    process.stdout.write(answers.map((answer) => `${JSON.stringify(answer)}\n`).join(""));
    return;
  }
  const width = Math.max(...answers.map(({ file: path }) => path.length));
  const lines = answers.map(
    ({ file: path, name, probability }) =>
      `${path.padEnd(width)}  ${name}  ${(100 * probability).toFixed(1)}%`,
  );
  process.stdout.write(`${lines.join("\n")}\n`);
}
