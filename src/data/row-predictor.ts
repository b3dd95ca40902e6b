// Predicts from raw rows: preprocessing, network, and back to class names or the target's own unit, from one file.
//
// Place: where a trained table model is used; takes a core of `edgegrad` or `edgegrad/predict`.
// Invariant: what a row goes through is what the file says, so it is what the training rows went through.

import { ConfigError, FormatError, ShapeError } from "../errors.ts";
import type { LoadedModel } from "../io/model-file.ts";
import { exponential } from "../schedules/evaluate.ts";
import { type ApplyOptions, applyPreprocessing, type TabularInput } from "./apply-preprocessing.ts";
import type { Preprocessing } from "./preprocessing.ts";
import { preprocessingIn } from "./preprocessing-file.ts";
import { type Cell, type Table, tableFromRecords } from "./table.ts";
import { checkInputs, outputCount } from "./tabular-model.ts";

type Graph = LoadedModel["model"]["graph"];

/** What is needed of a core: `await loadCore()` of either entry. */
export interface PredictingCore {
  predictor(
    file: Uint8Array,
    options: { batchSize?: number },
  ): {
    readonly model: { readonly graph: Graph };
    predict(x: TabularInput): Float32Array | Readonly<Record<string, Float32Array>>;
    dispose(): void;
  };
}

/** The prediction for one row. */
export interface RowPrediction {
  /** The likeliest class, or the number in the unit of the training rows. */
  readonly value: string | number;
  /** For classes: one probability each, in the order of `classes`. */
  readonly probabilities?: readonly number[];
}

export interface RowPredictor {
  readonly preprocessing: Preprocessing;
  /** Names of the classes; none for numbers. */
  readonly classes: readonly string[];
  /** @throws FormatError naming row and column of a cell that does not fit */
  predict(rows: Table | readonly Readonly<Record<string, Cell>>[]): RowPrediction[];
  dispose(): void;
}

/** Whether the last layer gives probabilities already. */
function givesProbabilities({ layers, calls }: Graph): boolean {
  const last = layers[calls.at(-1)?.layer ?? -1];
  const names = [last?.op, (last?.options as { activation?: unknown } | undefined)?.activation];
  return names.includes("softmax") || names.includes("sigmoid");
}

/** Probabilities of the classes from a row of outputs; a single output is about the second of two classes. */
export function classProbabilities(outputs: ArrayLike<number>, fromLogits = true): number[] {
  if (!fromLogits) return outputs.length === 1 ? [1 - outputs[0]!, outputs[0]!] : Array.from(outputs);
  const logits = outputs.length === 1 ? [0, outputs[0]!] : Array.from(outputs);
  const top = Math.max(...logits);
  const powers = logits.map((logit) => exponential(logit - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((value) => value / sum);
}

/** Outputs of a model as values of the target: class names with probabilities, or numbers in their unit. */
export function decodeOutputs(
  { target }: Preprocessing,
  outputs: Float32Array,
  rows: number,
  fromLogits = true,
): RowPrediction[] {
  const width = outputs.length / rows;
  return Array.from({ length: rows }, (_, row) => {
    if (target?.type === "number") return { value: outputs[row]! * target.divisor + target.offset };
    if (!target) return { value: outputs[row * width]! };
    const probabilities = classProbabilities(outputs.subarray(row * width, (row + 1) * width), fromLogits);
    let best = 0;
    for (let c = 1; c < probabilities.length; c++) if (probabilities[c]! > probabilities[best]!) best = c;
    return { value: target.values[best]!, probabilities };
  });
}

/**
 * A predictor that takes raw rows, from a model file with a preprocessing in it.
 *
 * @throws FormatError if the file has none, or one that does not fit its model
 * @example
 * const predictor = rowPredictor(await loadCore(), file);
 * const [{ value }] = predictor.predict([{ age: 31, city: "Oslo" }]);
 */
export function rowPredictor(
  core: PredictingCore,
  file: Uint8Array,
  options: ApplyOptions & { batchSize?: number } = {},
): RowPredictor {
  const preprocessing = preprocessingIn(file);
  if (!preprocessing)
    throw new FormatError(
      "preprocessing/none",
      "the model file holds no preprocessing, so it takes numbers, not raw rows: save it with withPreprocessing",
    );
  const { batchSize = 256, ...apply } = options;
  const predictor = core.predictor(file, { batchSize });
  try {
    checkInputs(preprocessing, predictor.model.graph);
  } catch (error) {
    predictor.dispose();
    throw error;
  }
  const fromLogits = !givesProbabilities(predictor.model.graph);
  const { target } = preprocessing;
  return {
    preprocessing,
    classes: target?.type === "classes" ? target.values : [],
    predict(given) {
      const table = isTable(given) ? given : tableFromRecords(given);
      const { rows, x } = applyPreprocessing(preprocessing, table, apply);
      const outputs = predictor.predict(x);
      if (!(outputs instanceof Float32Array))
        throw new ConfigError(
          "data/outputs",
          "the model has several outputs: predict with core.predictor instead",
        );
      const width = outputs.length / rows;
      const wanted = outputCount(preprocessing);
      if (target && width !== wanted && !(wanted === 2 && width === 1))
        throw new ShapeError(
          "data/outputs",
          `the model gives ${width} values a row, its target needs ${wanted}`,
          {
            expected: wanted,
            got: width,
          },
        );
      return decodeOutputs(preprocessing, outputs, rows, fromLogits);
    },
    dispose: () => predictor.dispose(),
  };
}

function isTable(given: Table | readonly Readonly<Record<string, Cell>>[]): given is Table {
  return !Array.isArray(given);
}
