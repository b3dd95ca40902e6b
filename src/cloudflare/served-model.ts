// The model that the Worker serves: one trainer, made from a file or from the built-in example.
//
// Place: behind the routes; knows nothing of HTTP. Invariant: a model that cannot be built leaves the one before it in
// place, because it is built first and only then exchanged.

import type { Core, Model, Prediction, Trainer } from "../api.ts";
import { ConfigError, ShapeError } from "../errors.ts";
import { GraphBuilder } from "../graph/builder.ts";
import { FORMAT, loadModel } from "../io/model-file.ts";
import { readSafetensors } from "../io/safetensors.ts";
import { dense } from "../layers/core-layers.ts";
import { binaryCrossEntropy, huber, type Loss, mae, mse, softmaxCrossEntropy } from "../losses/losses.ts";
import { accuracy } from "../metrics/metrics.ts";
import { lowerModel, sequential } from "../model.ts";
import { adam } from "../optimizers/optimizers.ts";
import { formatShape } from "../shape.ts";
import type { NumericArray } from "../train/feeds.ts";
import type { Report } from "../train/trainer.ts";
import { DEFAULT_BATCH_SIZE, MAX_REQUEST_FLOPS } from "./limits.ts";
import type { FlatArray, FlatArrays, PredictBody, TrainBody } from "./request-body.ts";

/** How an uploaded model is trained; a checkpoint brings its own answer to all of these. */
export interface UploadOptions {
  /** By name; without it cross-entropy where an output has several values, mean squared error where it has one. */
  readonly loss?: string | undefined;
  readonly learningRate?: number | undefined;
  readonly batchSize?: number | undefined;
  readonly timeSteps?: number | undefined;
  readonly seed?: number | undefined;
}

export interface ServedPrediction {
  /** One row of values per row of input; by name where the model has several outputs. */
  readonly y: number[][] | Record<string, number[][]>;
  /** Index of the largest value of each row. */
  readonly argmax: number[] | Record<string, number[]>;
}

export class ServedModel {
  readonly #trainer: Trainer;
  readonly #model: Model;

  private constructor(trainer: Trainer, model: Model) {
    this.#trainer = trainer;
    this.#model = model;
  }

  /** XOR, untrained: something to try before anything is uploaded. */
  static example(core: Core): ServedModel {
    const model = sequential([2], [dense(8, { activation: "tanh" }), dense(1)]);
    const trainer = core.trainer(model, {
      loss: binaryCrossEntropy(),
      optimizer: adam({ learningRate: 0.05 }),
      metrics: [accuracy()],
      batchSize: 4,
      seed: 1,
    });
    return new ServedModel(trainer, model);
  }

  /**
   * A model file to be trained with the options, or a checkpoint that goes on as it was.
   *
   * @throws FormatError for a file that is neither, ConfigError for options that do not fit
   */
  static fromFile(core: Core, bytes: Uint8Array, options: UploadOptions): ServedModel {
    const format = readSafetensors(bytes).metadata[FORMAT];
    if (format?.startsWith("checkpoint/")) {
      const given = Object.entries(options).find(([, value]) => value !== undefined)?.[0];
      if (given !== undefined)
        throw new ConfigError("serve/fixed", `${given} comes from the checkpoint: leave it out`, {
          option: given,
        });
      const trainer = core.resume(bytes);
      return new ServedModel(trainer, loadModel(bytes).model);
    }
    // A predictor checks the file against its checksum, which takes the core.
    core.predictor(bytes, { batchSize: 1 }).dispose();
    const { model, weights } = loadModel(bytes);
    const { loss, learningRate = 1e-3, batchSize = DEFAULT_BATCH_SIZE, timeSteps, seed = 0 } = options;
    const losses = lossesOf(model, loss);
    const classifies = Object.values(losses).every(({ name }) => /CrossEntropy$/.test(name));
    const trainer = core.trainer(model, {
      ...{ weights, batchSize, seed, loss: losses },
      ...(timeSteps !== undefined && { timeSteps }),
      optimizer: adam({ learningRate }),
      metrics: classifies ? [accuracy()] : [],
    });
    return new ServedModel(trainer, model);
  }

  /** Layers, sizes, memory: what `GET /` shows. */
  describe() {
    const { inputs, layers } = this.#model.graph;
    const { parameters, batchSize, flopsPerStep, bytes } = this.#trainer.plan;
    return {
      layers: layers.map(({ name, op }) => `${name}: ${op}`),
      inputs: Object.fromEntries(inputs.map(({ name, shape }) => [name, shape])),
      outputs: Object.fromEntries(
        outputShapes(this.#model).map(([name, shape]) => [name, formatShape(shape)]),
      ),
      ...{ parameters, batchSize, flopsPerStep, bytes: bytes.total },
      step: this.#trainer.steps,
      fingerprint: this.#trainer.fingerprint(),
    };
  }

  /** @throws ShapeError if the rows are not those of the model */
  predict(body: PredictBody): ServedPrediction {
    const { rows, lengths } = this.#batchOf(body);
    const result = this.#trainer.predict(plain(body.x), lengths && { lengths });
    const named = entriesOf(result).map(([name, values]) => [name, rowsOf(values, rows)] as const);
    if (result instanceof Float32Array) {
      const y = named[0]![1];
      return { y, argmax: y.map(argMax) };
    }
    return {
      y: Object.fromEntries(named),
      argmax: Object.fromEntries(named.map(([name, y]) => [name, y.map(argMax)])),
    };
  }

  /**
   * Steps on one batch; the report is that of the last step.
   *
   * @throws CoreError if the loss or a gradient becomes infinite or NaN; that step changes nothing
   */
  train(body: TrainBody): Report & { readonly step: number } {
    const { x, y, sampleWeights, steps } = body;
    const { rows, lengths } = this.#batchOf(body);
    for (const [name, { rows: given }] of entriesOf(y))
      if (given !== undefined && given !== rows)
        throw new ShapeError("data/rows", `${label("y", name)}: expected ${rows} rows like x, got ${given}`, {
          tensor: label("y", name),
        });
    const { flopsPerStep } = this.#trainer.plan;
    const most = Math.max(1, Math.floor(MAX_REQUEST_FLOPS / flopsPerStep));
    if (steps > most)
      throw new ConfigError(
        "serve/work",
        `steps: this model takes at most ${most} steps a request, got ${steps}; send several requests`,
        { option: "steps" },
      );
    const extra = {
      ...(lengths && { lengths }),
      ...(sampleWeights && { sampleWeights: sampleWeights.data }),
    };
    const [flatX, flatY] = [plain(x), plain(y)];
    let report = this.#trainer.step(flatX, flatY, extra);
    for (let i = 1; i < steps; i++) report = this.#trainer.step(flatX, flatY, extra);
    return { ...report, step: this.#trainer.steps };
  }

  saveModel(): Uint8Array {
    return this.#trainer.saveModel();
  }

  saveCheckpoint(): Uint8Array {
    return this.#trainer.saveCheckpoint();
  }

  dispose(): void {
    this.#trainer.dispose();
  }

  /**
   * Rows of x and their lengths. A flat array cannot be checked row by row, a nested one is: each of its rows must hold
   * what the input takes. Where time varies, nested rows without lengths are all in use to their end.
   */
  #batchOf({ x, lengths }: PredictBody): { rows: number; lengths: NumericArray | undefined } {
    const { inputs } = this.#model.graph;
    let rows = 0;
    let used: NumericArray | undefined = lengths?.data;
    for (const [name, { data, rows: given }] of entriesOf(x)) {
      const tensor = label("x", name);
      const input = name === "" ? inputs[0] : inputs.find((entry) => entry.name === name);
      if (!input)
        throw new ShapeError(
          "data/unknown",
          `${tensor}: the model has no such input; it has ${inputs.map((entry) => entry.name).join(", ")}`,
          { tensor },
        );
      const columns = input.shape.reduce<number>((product, size) => product * (size ?? 1), 1);
      if (input.shape.includes(null)) {
        if (given !== undefined) used ??= new Int32Array(given).fill(data.length / given / columns);
        if (!used)
          throw new ShapeError("data/length", `${tensor}: nest the rows or give lengths: time varies`, {
            tensor,
          });
      } else if (given !== undefined && data.length !== given * columns)
        throw new ShapeError(
          "data/length",
          `${tensor}: expected rows of ${columns} values, got rows of ${data.length / given}`,
          { tensor },
        );
      rows = given ?? used?.length ?? data.length / columns;
    }
    return { rows, lengths: used };
  }
}

const label = (role: string, name: string): string => (name === "" ? role : `${role}.${name}`);

/** A value under the name "", or each of several under its own. */
function entriesOf(value: FlatArrays): [string, FlatArray][];
function entriesOf(value: Prediction): [string, Float32Array][];
function entriesOf(value: FlatArrays | Prediction): [string, unknown][] {
  if (value instanceof Map) return [...value];
  if (value instanceof Float32Array || "data" in value) return [["", value]];
  return Object.entries(value);
}

/** As trainers take it. */
const plain = (arrays: FlatArrays): NumericArray | Record<string, NumericArray> =>
  "data" in arrays ? arrays.data : Object.fromEntries([...arrays].map(([name, { data }]) => [name, data]));

function rowsOf(values: Float32Array, rows: number): number[][] {
  const columns = values.length / rows;
  return Array.from({ length: rows }, (_, i) => [...values.subarray(i * columns, (i + 1) * columns)]);
}

/** Index of the first largest value. */
const argMax = (row: readonly number[]): number =>
  row.reduce((best, value, i) => (value > row[best]! ? i : best), 0);

const outputShapes = (model: Model) =>
  [...lowerModel(new GraphBuilder(), model, "predict").outputs].map(
    ([name, { shape }]) => [name, shape] as const,
  );

/** A loss for each output. */
function lossesOf(model: Model, name: string | undefined) {
  return Object.fromEntries(
    outputShapes(model).map(([output, shape]) => {
      const fitting = shape.length > 1 && shape.at(-1) !== 1 ? "softmaxCrossEntropy" : "mse";
      return [output, lossNamed(name ?? fitting)];
    }),
  );
}

const LOSSES: Readonly<Record<string, () => Loss>> = {
  mse,
  mae,
  huber,
  binaryCrossEntropy,
  softmaxCrossEntropy,
};

function lossNamed(name: string): Loss {
  const factory = Object.hasOwn(LOSSES, name) ? LOSSES[name] : undefined;
  if (factory) return factory();
  throw new ConfigError("loss/unknown", `no loss "${name}"; known are ${Object.keys(LOSSES).join(", ")}`, {
    loss: name,
  });
}
