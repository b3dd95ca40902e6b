// What loadCore returns: a compiled core that makes trainers and predictors.
//
// Place: the top of the runtime-neutral part; platform/ only says where the module comes from.
// Invariant: holds no model and no memory; every trainer and predictor has an instance of its own.

import { sha256 } from "./core/hash.ts";
import { decodeCheckpoint } from "./io/checkpoint.ts";
import { checkDigest, modelIn } from "./io/model-file.ts";
import { readSafetensors } from "./io/safetensors.ts";
import type { Model } from "./model.ts";
import { resolveOptions, type TrainerOptions } from "./train/options.ts";
import { Predictor, type PredictorOptions } from "./train/predictor.ts";
import { Trainer } from "./train/trainer.ts";

export interface CoreOptions {
  /** Relaxed SIMD: faster, but the bits depend on the machine. */
  readonly fast?: boolean;
  /** Memory that one trainer or predictor may plan, bytes. Default 1 GiB. */
  readonly maxBytes?: number;
  /** Data staged in the core at a time, bytes. Default 32 MB. */
  readonly stageBytes?: number;
  /** A compiled core or its bytes, where a bundler gets in the way. */
  readonly wasm?: WebAssembly.Module | BufferSource;
}

export const DEFAULT_MAX_BYTES = 2 ** 30;
export const DEFAULT_STAGE_BYTES = 32e6;

export class Core {
  readonly #module: WebAssembly.Module;
  readonly #maxBytes: number;
  readonly #stageBytes: number;

  constructor(module: WebAssembly.Module, options: CoreOptions) {
    this.#module = module;
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
    this.#stageBytes = options.stageBytes ?? DEFAULT_STAGE_BYTES;
  }

  /** A trainer for a model. */
  trainer(model: Model, options: Omit<TrainerOptions, "model">): Trainer {
    return new Trainer(this.#host(), resolveOptions({ ...options, model }), options.weights);
  }

  /**
   * The trainer of a checkpoint, which goes on bit for bit.
   *
   * @throws FormatError if the bytes are damaged or no checkpoint
   */
  resume(checkpoint: Uint8Array): Trainer {
    const read = decodeCheckpoint(checkpoint, (bytes) => sha256(this.#module, bytes));
    return Trainer.resume(this.#host(), read);
  }

  /** A forward-only runner for a model file. */
  predictor(file: Uint8Array, options: PredictorOptions = {}): Predictor {
    const contents = readSafetensors(file);
    const { model, weights } = modelIn(contents);
    checkDigest(file, contents, (bytes) => sha256(this.#module, bytes));
    return new Predictor(this.#module, this.#maxBytes, model, weights, options);
  }

  #host() {
    return { module: this.#module, maxBytes: this.#maxBytes, stageBytes: this.#stageBytes };
  }
}
