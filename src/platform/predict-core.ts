// What the entries `edgegrad/predict` offer: loading a model file and predicting.
//
// Place: beside session.ts, without trainers. Invariant: imports no autodiff, optimizer or trainer.

import { sha256 } from "../core/hash.ts";
import { checkDigest, modelIn } from "../io/model-file.ts";
import { readSafetensors } from "../io/safetensors.ts";
import { type LayerDefinition, useLayers } from "../layers/definition.ts";
import { denseLayers } from "../layers/registry.ts";
import { type CoreOptions, DEFAULT_MAX_BYTES } from "../session.ts";
import { Predictor, type PredictorOptions } from "../train/predictor.ts";

export { ConfigError, CoreError, EdgegradError, FormatError, ShapeError, StateError } from "../errors.ts";
export { generalKernels } from "../packs/general.ts";
export type { KernelPack } from "../packs/kernel-pack.ts";
export { sequenceKernels } from "../packs/sequence.ts";
export { activationLayers, allLayers, sequenceLayers, vectorLayers } from "./predict-layers.ts";
export type { Predictor, PredictorOptions };

export interface PredictCoreOptions extends CoreOptions {
  /**
   * Layers beyond plain dense networks that the files may name: `activationLayers` for activations other than relu,
   * leakyRelu, tanh and sigmoid (some need `kernels: [generalKernels]` too; the error says which); `vectorLayers`, which
   * also has batch normalization, merges and embeddings; `sequenceLayers`; or `allLayers`. The last three bring their kernels.
   */
  readonly layers?: readonly LayerDefinition[];
}

/** A core that predicts only. */
export class PredictCore {
  readonly #module: WebAssembly.Module;
  readonly #options: CoreOptions;

  constructor(module: WebAssembly.Module, { layers = [], ...options }: PredictCoreOptions) {
    useLayers([...denseLayers, ...layers]);
    this.#module = module;
    this.#options = options;
  }

  /** A forward-only runner for a model file. */
  predictor(file: Uint8Array, options: PredictorOptions = {}): Predictor {
    const contents = readSafetensors(file);
    const { model, weights } = modelIn(contents);
    checkDigest(file, contents, (bytes) => sha256(this.#module, bytes));
    return new Predictor(this.#module, this.#options.maxBytes ?? DEFAULT_MAX_BYTES, model, weights, options);
  }
}
