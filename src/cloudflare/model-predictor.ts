// The network of a model file for predictions alone: no gradients, no optimizer state.
//
// Place: what an isolate's copies and an object that was not asked to learn predict with. Invariant: gives the bits of the
// trainer whose file it is; the weights go from the file into the core without a copy in JS.

import { writeByCopy } from "../core/write-by-copy.ts";
import { GraphBuilder } from "../graph/builder.ts";
import { graphIn } from "../io/model-file.ts";
import type { SafetensorsFile } from "../io/safetensors.ts";
import { asF32, checkWeights } from "../io/weights.ts";
import { lowerModel } from "../model.ts";
import type { TrainerHost } from "../train/base-trainer.ts";
import { Predictor, type PredictorOptions } from "../train/predictor.ts";

/** @throws FormatError, ShapeError or ConfigError for a file that is no model's or does not fit */
export function predictorIn(
  { metadata, tensors }: SafetensorsFile,
  { module, maxBytes }: Pick<TrainerHost, "module" | "maxBytes">,
  options: PredictorOptions,
): Predictor {
  const model = graphIn(metadata);
  const weights = Object.fromEntries(
    [...tensors].map(([name, view]) => {
      const { buffer, byteOffset, length } = view.data;
      if (view.dtype !== "F32" || byteOffset % 4 !== 0) return [name, asF32(name, view)];
      return [name, { shape: view.shape, data: new Float32Array(buffer, byteOffset, length / 4) }];
    }),
  );
  checkWeights(lowerModel(new GraphBuilder(), model, "predict").tensors, weights);
  return new Predictor(module, maxBytes, model, weights, options, writeByCopy);
}
