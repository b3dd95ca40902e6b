// The image classifiers that the command line trains, by name, and what their outputs mean.
// Place: command line; describes models with the public API only.
// Invariant: a model takes the raw bytes of an image and gives one logit per class.

import {
  accuracy,
  adam,
  type Core,
  dense,
  lenet,
  type Model,
  mobileNetTiny,
  rescale,
  sequential,
  smallResNet,
  softmaxCrossEntropy,
  type Trainer,
  type TrainerOptions,
} from "../api.ts";
import { ConfigError, ShapeError } from "../errors.ts";
import { product } from "../shape.ts";

/** Builds a classifier for images of bytes, [height, width, channels]. */
type Classifier = (image: readonly [number, number, number], classes: number) => Model;

/** Models of `--model`. */
const CLASSIFIERS: ReadonlyMap<string, Classifier> = new Map<string, Classifier>([
  [
    "mlp",
    (image, classes) =>
      sequential([product(image)], [rescale(1 / 255), dense(128, { activation: "relu" }), dense(classes)]),
  ],
  ["lenet", lenet],
  ["smallResNet", smallResNet],
  ["mobileNetTiny", mobileNetTiny],
]);

/** Names for `--model`. */
export const classifierNames: readonly string[] = [...CLASSIFIERS.keys()];

/** What a training needs to be described by; a checkpoint holds the same. */
export interface ClassifierOptions {
  readonly model: string;
  /** Shape of one image: [height, width], and channels where there are several. */
  readonly imageShape: readonly number[];
  readonly classes: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly seed: number;
}

/** What trains a classifier: Adam on the cross-entropy. */
export function createTraining(options: ClassifierOptions): {
  readonly model: Model;
  readonly options: Omit<TrainerOptions, "model">;
} {
  const { imageShape, classes, batchSize, learningRate, seed } = options;
  const describe = CLASSIFIERS.get(options.model);
  if (!describe) {
    const message = `--model: expected one of ${classifierNames.join(", ")}, got "${options.model}"`;
    throw new ConfigError("config/model", message, { option: "model" });
  }
  const [height = 1, width = 1, channels = 1] = imageShape;
  return {
    model: describe([height, width, channels], classes),
    options: {
      loss: softmaxCrossEntropy(),
      optimizer: adam({ learningRate }),
      metrics: [accuracy()],
      batchSize,
      seed,
    },
  };
}

export function createTrainer(core: Core, options: ClassifierOptions): Trainer {
  const training = createTraining(options);
  return core.trainer(training.model, training.options);
}

/** The class of the largest logit of each row; of equal ones the first. */
export function classesOf(logits: Float32Array, rows: number): Uint32Array {
  const classes = logits.length / rows;
  return Uint32Array.from({ length: rows }, (_, row) => {
    let best = row * classes;
    for (let i = best + 1; i < (row + 1) * classes; i++) if (logits[i]! > logits[best]!) best = i;
    return best - row * classes;
  });
}

/** The softmax of a class. For people; no weight depends on it. */
export function probabilityOf(logits: Float32Array, label: number): number {
  const sum = logits.reduce((total, value) => total + Math.exp(value - logits[label]!), 0);
  return 1 / sum;
}

/** Refuses a model that does not take one image of this shape and give one row of logits. */
export function checkClassifier({ graph }: Model, imageShape: readonly number[], source: string): void {
  const shape = graph.inputs[0]?.shape ?? [];
  if (graph.inputs.length !== 1 || Object.keys(graph.outputs).length !== 1) {
    const message = `${source}: expected a model with one input and one output, got ${graph.inputs.length} and ${Object.keys(graph.outputs).length}`;
    throw new ConfigError("config/model", message, { file: source });
  }
  const plain = (dims: readonly (number | null)[]) => dims.map((size) => size ?? Number.NaN);
  const takes = product(plain(shape));
  // A model of rows takes any image of as many values; one of images takes its height, width and channels.
  const fits =
    shape.length === 1
      ? takes === product(imageShape)
      : String(channelled(plain(shape))) === String(channelled(imageShape));
  if (!fits) {
    const message = `${source}: the model takes [${shape.map((size) => size ?? "T")}], the images are [${imageShape}], ${product(imageShape)} values; take the data it was trained on`;
    throw new ShapeError("shape/mismatch", message, { expected: takes, got: product(imageShape) });
  }
}

/** [height, width] is grey: [height, width, 1]. */
const channelled = (shape: readonly number[]): readonly number[] =>
  shape.length === 2 ? [...shape, 1] : shape;
