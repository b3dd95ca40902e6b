// A trainer as the bytes of a file: the model alone, or all that a run needs to go on.
//
// Place: what Trainer's methods call, and what programs that import `edgegrad/train` call themselves, so that only those
// that save carry it. Invariant: equal states give equal bytes.

import { sha256 } from "../core/hash.ts";
import { encodeCheckpoint } from "../io/checkpoint.ts";
import { encodeModel } from "../io/model-file.ts";
import type { BaseTrainer } from "./base-trainer.ts";
import { powersOf, readSlots } from "./snapshot.ts";

const digestOf =
  ({ host }: BaseTrainer) =>
  (bytes: Uint8Array) =>
    sha256(host.module, bytes);

/** The model and its weights as a safetensors file. */
export const saveModel = (trainer: BaseTrainer): Uint8Array =>
  encodeModel(trainer.state.model, trainer.getWeights(), digestOf(trainer));

/** A model file with everything that `core.resume` of `edgegrad` needs. */
export function saveCheckpoint(trainer: BaseTrainer): Uint8Array {
  const { executor, model, run, best } = trainer.state;
  const slots = readSlots(executor, run.optimizer.slots);
  if (best) slots.set("best", best);
  const weights = trainer.getWeights();
  const parts = { model, weights, slots, powers: powersOf(executor).slice(), state: run };
  return encodeCheckpoint(parts, digestOf(trainer));
}
