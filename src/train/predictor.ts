// Predictor: a model file and a forward-only plan.
//
// Place: what `core.predictor` returns; all that the entry `edgegrad/predict` needs.
// Invariant: no gradients, no optimizer state; buffers are reused between layers. The weights stay as they were when it was made:
// its tapes may rely on their being finite (core/skip-zeros.ts).

import { compilePrediction } from "../compile.ts";
import { Executor } from "../core/executor.ts";
import { CoreInstance } from "../core/instance.ts";
import { ConfigError, StateError } from "../errors.ts";
import type { Weights } from "../io/weights.ts";
import type { Model, ModelTensor } from "../model.ts";
import { predictionEncoders } from "../tape/dense-encoders.ts";
import type { Arrays, NumericArray } from "./feeds.ts";
import { type Prediction, predictRows } from "./forward.ts";

export interface PredictorOptions {
  /** Rows of a call into the core; more are predicted in chunks. Default 32. */
  readonly batchSize?: number;
  /** Longest time length, for models whose input has one that varies. */
  readonly timeSteps?: number;
}

/** Brings a tensor in the axis order of files into the core. */
export type WriteTensor = (executor: Executor, tensor: ModelTensor, data: ArrayLike<number>) => void;

export class Predictor {
  readonly model: Model;
  readonly #executor: Executor;
  #disposed = false;

  constructor(
    module: WebAssembly.Module,
    maxBytes: number,
    model: Model,
    weights: Weights,
    options: PredictorOptions,
    write: WriteTensor = (executor, tensor, data) => executor.write(tensor, data),
  ) {
    const { batchSize = 32, timeSteps = 1 } = options;
    const binding = { batch: batchSize, time: timeSteps };
    for (const [option, value] of Object.entries({ batchSize, timeSteps }))
      if (!(Number.isInteger(value) && value > 0))
        throw new ConfigError("config/option", `${option} must be a positive whole number, got ${value}`, {
          option,
        });
    this.model = model;
    const core = new CoreInstance(module);
    const program = compilePrediction(model, binding, core.heapBase, maxBytes);
    this.#executor = new Executor(core, program, maxBytes, predictionEncoders());
    for (const tensor of program.tensors) write(this.#executor, tensor, weights[tensor.fullName]!.data);
  }

  /** Output of the model for each row. `out` receives it where the model has one output. */
  predict(x: Arrays, options: { out?: Float32Array; lengths?: NumericArray } = {}): Prediction {
    if (this.#disposed)
      throw new StateError("predictor/disposed", "this predictor was disposed: create another one");
    return predictRows(
      this.#executor,
      { x, ...(options.lengths && { lengths: options.lengths }) },
      options.out,
    );
  }

  /** Memory of the forward-only plan. */
  get plan(): { readonly bytes: { readonly total: number }; readonly flopsPerRow: number } {
    const { plan, binding } = this.#executor.program;
    return { bytes: { ...plan.bytes }, flopsPerRow: this.#executor.graph("predict").flops / binding.batch };
  }

  /** SHA-256 of all weights and states, hex; equal to that of the trainer they came from. */
  fingerprint(): string {
    return this.#executor.fingerprint();
  }

  dispose(): void {
    this.#disposed = true;
    this.#executor.core.release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
