// A network for tables: embeddings of categories beside the features, then the layers given.
//
// Place: between a fitted preprocessing and a trainer. Invariant: its inputs are those that applyPreprocessing gives.

import { FormatError } from "../errors.ts";
import type { Layer, SymbolicTensor } from "../graph/semantic.ts";
import { concat, flatten } from "../layers/core-layers.ts";
import { embedding } from "../layers/sequence.ts";
import { functional, type InputSpec, type Model, sequential } from "../model.ts";
import {
  embeddingInput,
  embeddingRows,
  FEATURES,
  featureCount,
  isEmbedded,
  type Preprocessing,
} from "./preprocessing.ts";

/** Outputs of a network for a target: one per class, or one number. */
export function outputCount({ target }: Preprocessing): number {
  return target?.type === "classes" ? target.values.length : 1;
}

/**
 * The layers as a model of the preprocessing's inputs. The last layer is the user's: `outputCount` units for logits of
 * classes or a scaled number.
 *
 * @example
 * const model = tabularModel(preprocessing, [dense(32, { activation: "relu" }), dense(outputCount(preprocessing))]);
 */
export function tabularModel(preprocessing: Preprocessing, layers: readonly Layer[]): Model {
  const width = preprocessing.columns.reduce((sum, column) => sum + featureCount(column), 0);
  const embedded = preprocessing.columns.filter(isEmbedded);
  if (embedded.length === 0) return sequential([width], [...layers]);
  const inputs: Record<string, InputSpec> = width > 0 ? { [FEATURES]: [width] } : {};
  for (const column of embedded) inputs[embeddingInput(column)] = { shape: [1], dtype: "i32" };
  return functional(inputs, (tensors) => {
    const parts: SymbolicTensor[] = width > 0 ? [tensors[FEATURES]!] : [];
    for (const [i, column] of embedded.entries()) {
      const table = embedding(embeddingRows(column), column.dimensions, { name: `embedding_${i}` });
      // [N, 1] → [N, 1, dimensions] → [N, dimensions]
      parts.push(flatten()(table(tensors[embeddingInput(column)]!)));
    }
    const joined = parts.length === 1 ? parts[0]! : concat()(...parts);
    return layers.reduce((tensor, layer) => layer(tensor), joined);
  });
}

/** Refuses a model whose inputs are not those of the preprocessing it came with. */
export function checkInputs(preprocessing: Preprocessing, graph: Model["graph"]): void {
  const width = preprocessing.columns.reduce((sum, column) => sum + featureCount(column), 0);
  const embedded = preprocessing.columns.filter(isEmbedded).map(embeddingInput);
  const single = embedded.length === 0;
  const wanted = new Map<string, number>(embedded.map((name) => [name, 1]));
  if (width > 0 && !single) wanted.set(FEATURES, width);
  const sizes = graph.inputs.map(({ shape }) =>
    shape.reduce<number>((n, size) => n * (size ?? Number.NaN), 1),
  );
  const fits = single
    ? sizes.length === 1 && sizes[0] === width
    : graph.inputs.length === wanted.size &&
      graph.inputs.every(({ name }, i) => wanted.get(name) === sizes[i]);
  if (fits) return;
  const got = graph.inputs.map(
    ({ name, shape }) => `${name} [${shape.map((size) => size ?? "T").join(", ")}]`,
  );
  const expected = single
    ? `one input of ${width} features`
    : [...wanted].map(([n, size]) => `${n} [${size}]`).join(", ");
  throw new FormatError(
    "preprocessing/inputs",
    `the file's preprocessing makes ${expected}, its model takes ${got.join(", ")}`,
  );
}
