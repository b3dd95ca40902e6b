// What loadCore returns: a compiled core that makes trainers and, from files, resumes them and makes predictors.
//
// Place: the top of the runtime-neutral part; platform/ only says where the module comes from.
// Invariant: holds no model and no memory; every trainer and predictor has an instance of its own. What reads files is
// in the subclass, so that programs that only train (the entry `edgegrad/train`) do not carry it.

import { sha256 } from "./core/hash.ts";
import { decodeCheckpoint } from "./io/checkpoint.ts";
import { checkDigest, modelIn } from "./io/model-file.ts";
import { readSafetensors } from "./io/safetensors.ts";
import { useLayers } from "./layers/definition.ts";
import { allLayers } from "./layers/registry.ts";
import type { Model } from "./model.ts";
import { generalKernels } from "./packs/general.ts";
import type { KernelPack } from "./packs/kernel-pack.ts";
import { useKernels } from "./packs/known-packs.ts";
import { sequenceKernels } from "./packs/sequence.ts";
import { useEncoders } from "./tape/dense-encoders.ts";
import { FORWARD_ENCODERS } from "./tape/forward-encoders.ts";
import { BaseTrainer, type TrainerHost } from "./train/base-trainer.ts";
import { explainIndices } from "./train/index-faults.ts";
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
  /** Kernels that ops of the program need and that no layer, loss or optimizer which it imports brings. */
  readonly kernels?: readonly KernelPack[];
  /** A compiled core or its bytes, where a bundler gets in the way. */
  readonly wasm?: WebAssembly.Module | BufferSource;
}

export const DEFAULT_MAX_BYTES = 2 ** 30;
export const DEFAULT_STAGE_BYTES = 32e6;

/** A core that trains. */
export class TrainingCore {
  /** What each trainer is given. */
  protected readonly host: TrainerHost;

  constructor(module: WebAssembly.Module, options: CoreOptions) {
    const { maxBytes = DEFAULT_MAX_BYTES, stageBytes = DEFAULT_STAGE_BYTES } = options;
    this.host = { module, maxBytes, stageBytes };
  }

  /** A trainer for a model. `saveModel` and `saveCheckpoint` write it to a file. */
  trainer(model: Model, options: Omit<TrainerOptions, "model">): BaseTrainer {
    return new BaseTrainer(this.host, resolveOptions({ ...options, model }), options.weights);
  }
}

/** A core that also reads files, with any layer of the release. */
export class Core extends TrainingCore {
  constructor(module: WebAssembly.Module, options: CoreOptions) {
    super(module, options);
    useLayers(allLayers);
    useKernels(generalKernels, sequenceKernels);
    useEncoders(FORWARD_ENCODERS);
    explainIndices();
  }

  /** A trainer for a model. */
  override trainer(model: Model, options: Omit<TrainerOptions, "model">): Trainer {
    return new Trainer(this.host, resolveOptions({ ...options, model }), options.weights);
  }

  /**
   * The trainer of a checkpoint, which goes on bit for bit.
   *
   * @throws FormatError if the bytes are damaged or no checkpoint
   */
  resume(checkpoint: Uint8Array): Trainer {
    const read = decodeCheckpoint(checkpoint, (bytes) => sha256(this.host.module, bytes));
    return Trainer.resume(this.host, read);
  }

  /** A forward-only runner for a model file. */
  predictor(file: Uint8Array, options: PredictorOptions = {}): Predictor {
    const contents = readSafetensors(file);
    const { model, weights } = modelIn(contents);
    checkDigest(file, contents, (bytes) => sha256(this.host.module, bytes));
    return new Predictor(this.host.module, this.host.maxBytes, model, weights, options);
  }
}
