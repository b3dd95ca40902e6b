// `edgegrad predict`: classifies test images or picture files with a saved model and shows where it is wrong.
// Place: command line. Invariant: reads only; nothing is written to disk.

import type { Core } from "../api.ts";
import type { LabelledImages } from "../data/idx.ts";
import { ConfigError } from "../errors.ts";
import { classNamesOf } from "./class-names.ts";
import { checkClassifier, classesOf } from "./classifier.ts";
import { confusionTable } from "./confusion-matrix.ts";
import { imageElements, loadTestImages } from "./data-source.ts";
import { naming, readBytes } from "./files.ts";
import { predictPictures } from "./predict-pictures.ts";
import { type CaptionedDigit, renderDigitRow } from "./render-digit.ts";

/** Options of the command, as commander gives them. */
export interface PredictCommand {
  readonly model: string;
  readonly data?: string;
  readonly digits?: boolean;
  readonly show: number;
  readonly json?: boolean;
}

/** Classifies the test images of a folder, or drawn ones. */
export async function predict(
  core: Core,
  pictures: readonly string[],
  command: PredictCommand,
): Promise<void> {
  const sources = [command.data !== undefined, command.digits, pictures.length > 0];
  if (sources.filter(Boolean).length !== 1) {
    const message =
      "predict: say either --data DIR (a folder of IDX files or pictures) or --digits (drawn ones), or name picture files";
    throw new ConfigError("config/data", message, { option: "data" });
  }
  if (pictures.length > 0) return predictPictures(core, pictures, command);
  const file = await readBytes(command.model);
  using predictor = naming(command.model, () => core.predictor(file, { batchSize: 256 }));
  const test = await loadTestImages(command.data);
  checkClassifier(predictor.model, test.imageShape, command.model);
  const started = performance.now();
  const logits = predictor.predict(test.x) as Float32Array;
  const seconds = (performance.now() - started) / 1000;
  const predicted = classesOf(logits, test.count);
  const classes = logits.length / test.count;
  const right = predicted.reduce((sum, label, i) => sum + Number(label === test.y[i]), 0);
  if (command.json) {
    const record = { images: test.count, accuracy: right / test.count, seconds, predictions: [...predicted] };
    process.stdout.write(`${JSON.stringify(record)}\n`);
    return;
  }
  const text = [
    ...(command.show > 0 ? [showSample(test, predicted, command.show), ""] : []),
    confusionTable(test, predicted, classes, classNamesOf(file, classes)),
    "",
    `accuracy ${((100 * right) / test.count).toFixed(2)}% on ${test.count} images, ${Math.round(test.count / seconds).toLocaleString("en-US")} images/s`,
  ];
  process.stdout.write(`${text.join("\n")}\n`);
}

/** A few images with what they are taken for: up to half of them mistakes, the others of as many classes as can be. */
export function showSample(test: LabelledImages, predicted: ArrayLike<number>, count: number): string {
  const wrong: number[] = [];
  const firstOfClass = new Map<number, number>();
  const others: number[] = [];
  for (let i = 0; i < test.count; i++) {
    if (predicted[i] !== test.y[i]) wrong.push(i);
    else if (!firstOfClass.has(test.y[i]!)) firstOfClass.set(test.y[i]!, i);
    else if (others.length < count) others.push(i);
  }
  const mistakes = wrong.slice(0, Math.floor(count / 2));
  const right = [...firstOfClass.values(), ...others].slice(0, count - mistakes.length);
  const chosen = [...right, ...mistakes];
  const [side = 28, width = side] = test.imageShape;
  const elements = imageElements(test);
  if (side !== width || elements !== side * side)
    return chosen.map((i) => caption(test, predicted, i)).join("\n");
  const pictures = chosen.map(
    (i): CaptionedDigit => ({
      pixels: test.x.subarray(i * elements, (i + 1) * elements),
      caption: caption(test, predicted, i),
    }),
  );
  return renderDigitRow(pictures, { size: side, columns: process.stdout.columns ?? 100 });
}

function caption(test: LabelledImages, predicted: ArrayLike<number>, i: number): string {
  const right = predicted[i] === test.y[i];
  return `predicted ${predicted[i]} ${right ? "✓" : `✗ is ${test.y[i]}`}`;
}
