// The model that the Worker serves: one trainer, made from a file or from the built-in example.
//
// Place: behind the routes; knows nothing of HTTP. Invariant: a model that cannot be built leaves the one before it in
// place, because it is built first and only then exchanged.

import type { Core, Model, Trainer } from "../../api.ts";
import { ConfigError, ShapeError } from "../../errors.ts";
import { loadModel } from "../../io/load-model.ts";
import { FORMAT } from "../../io/model-file.ts";
import { readSafetensors } from "../../io/safetensors.ts";
import { dense } from "../../layers/core-layers.ts";
import { binaryCrossEntropy } from "../../losses/losses.ts";
import { accuracy } from "../../metrics/metrics.ts";
import { sequential } from "../../model.ts";
import { adam } from "../../optimizers/optimizers.ts";
import { formatShape } from "../../shape.ts";
import type { Report } from "../../train/batch.ts";
import {
  entriesOf,
  label,
  lossesOf,
  outputShapes,
  plain,
  predictionOf,
  rowsIn,
  type ServedPrediction,
} from "../model-rows.ts";
import type { PredictBody, TrainBody } from "../request-body.ts";
import { DEFAULT_BATCH_SIZE, MAX_REQUEST_FLOPS } from "./limits.ts";

/** How an uploaded model is trained; a checkpoint brings its own answer to all of these. */
export interface UploadOptions {
  /** By name; without it cross-entropy where an output has several values, mean squared error where it has one. */
  readonly loss?: string | undefined;
  readonly learningRate?: number | undefined;
  readonly batchSize?: number | undefined;
  readonly timeSteps?: number | undefined;
  readonly seed?: number | undefined;
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
    const { rows, lengths } = rowsIn(this.#model, body);
    const result = this.#trainer.predict(plain(body.x), lengths && { lengths });
    return predictionOf(result, rows);
  }

  /**
   * Steps on one batch; the report is that of the last step.
   *
   * @throws CoreError if the loss or a gradient becomes infinite or NaN; that step changes nothing
   */
  train(body: TrainBody): Report & { readonly step: number } {
    const { x, y, sampleWeights, steps } = body;
    const { rows, lengths } = rowsIn(this.#model, body);
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
}
