// Trainer: trains, evaluates, predicts, saves, and goes on where a checkpoint was saved.
//
// Place: what `core.trainer` and `core.resume` of `edgegrad` return. Invariant: adds files to a BaseTrainer, and nothing
// to what it computes.

import type { Checkpoint } from "../io/checkpoint.ts";
import { BaseTrainer, type TrainerHost } from "./base-trainer.ts";
import { earlyStopping, resumedStopping } from "./early-stopping.ts";
import type { DataSet } from "./feeds.ts";
import type { RunOptions } from "./options.ts";
import type { Progress } from "./run-loop.ts";
import type { BatchStream } from "./run-stream.ts";
import { saveCheckpoint, saveModel } from "./save.ts";
import { powersOf, writeSlots } from "./snapshot.ts";

export type ResumedState = Pick<Checkpoint, "model" | "state"> & Partial<Checkpoint>;

export class Trainer extends BaseTrainer {
  /** Goes on where a checkpoint was saved; what it leaves out is written later (train/state-stream.ts). */
  static resume(host: TrainerHost, checkpoint: ResumedState): Trainer {
    const { model, weights, state, slots, powers } = checkpoint;
    const { objectives, optimizer, seed, freeze, sliceFlops, batchSize, timeSteps } = state;
    const binding = { batch: batchSize, time: timeSteps };
    const options = { model, objectives, optimizer, seed, freeze, sliceFlops, binding };
    const trainer = new Trainer(host, options, weights);
    const { executor } = trainer.state;
    if (slots) writeSlots(executor, optimizer.slots, slots);
    if (powers) powersOf(executor).set(powers);
    trainer.goOn(state, resumedStopping(state.stopping, slots?.get("best"), executor.program.tensors));
    return trainer;
  }

  /** Trains as an async iterable of progress, one item per slice; `break` leaves the trainer ready to go on. */
  override run(data: DataSet | BatchStream, options: RunOptions = {}): AsyncGenerator<Progress, void> {
    const { earlyStopping: given } = options;
    const rule = typeof given === "object" ? { earlyStopping: earlyStopping(given) } : {};
    return super.run(data, { ...options, ...rule });
  }

  /** The model and its weights as a safetensors file. */
  saveModel(): Uint8Array {
    return saveModel(this);
  }

  /** A model file with everything that `core.resume` needs. */
  saveCheckpoint(): Uint8Array {
    return saveCheckpoint(this);
  }
}
