// A stored model brought into memory: as a trainer with its journal replayed, or for predictions alone.
//
// Place: under the learner. Invariant: reads storage only; what is loaded has the bits of what was stored, and of every
// update that was journalled behind it.

import { StateError } from "../errors.ts";
import type { TrainerHost } from "../train/base-trainer.ts";
import { modelFileIn, modelTensorsIn, type StoredFile } from "../train/checkpoint-model.ts";
import type { Predictor, PredictorOptions } from "../train/predictor.ts";
import { resumeFrom } from "../train/state-stream.ts";
import type { Trainer } from "../train/trainer.ts";
import { predictorIn } from "./model-predictor.ts";
import type { SqlStorage } from "./object-platform.ts";
import { blobSource, release } from "./object-schema.ts";
import { decodeBatch, stepArguments } from "./packed-rows.ts";
import { newestVersion } from "./version-rows.ts";

/** A state that this object wrote. */
export function ownState(sql: SqlStorage, blob: number): StoredFile {
  return { ...blobSource(sql, blob), own: true };
}

/** The newest state as a model file without a digest. */
export const newestModelFile = (sql: SqlStorage): Uint8Array =>
  modelFileIn(ownState(sql, newestVersion(sql).blob));

/** The newest state and what was journalled since. */
export function loadTrainer(host: TrainerHost, sql: SqlStorage): { trainer: Trainer; replayed: number } {
  const newest = newestVersion(sql);
  const trainer = resumeFrom(host, ownState(sql, newest.blob));
  const rows = sql.exec<{ version: number; step: number; example: ArrayBuffer }>(
    "SELECT version, step, example FROM journal WHERE version > ? ORDER BY version",
    newest.version,
  );
  let replayed = 0;
  for (const { step, example } of rows) {
    if (trainer.steps !== step)
      throw new StateError("storage/journal", "the journal does not follow the stored state");
    const { x, y, extra } = stepArguments(decodeBatch(example));
    trainer.step(x, y, extra);
    replayed++;
  }
  return { trainer, replayed };
}

/** The newest state, for predictions alone: journalled updates are not in it. */
export function loadPredictor(host: TrainerHost, sql: SqlStorage, options: PredictorOptions): Predictor {
  const file = modelTensorsIn(ownState(sql, newestVersion(sql).blob));
  const predictor = predictorIn(file, host, options);
  for (const { data } of file.tensors.values()) release(data);
  return predictor;
}
