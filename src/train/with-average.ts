// A look at a trainer with the average of its weights instead of the weights.
//
// Place: beside the trainer, for optimizers that `averaged` made. Only apps that import it carry it.
// Invariant: afterwards the trainer has its own weights again, bit for bit, whatever the call did or threw.

import { StateError } from "../errors.ts";
import type { Weights } from "../io/weights.ts";
import type { BaseTrainer } from "./base-trainer.ts";
import { readSlots } from "./snapshot.ts";

/**
 * What the optimizer keeps per trained parameter, as a copy: its slot "velocity", "exp_avg", "average", …
 *
 * @throws StateError if the optimizer has no such slot
 */
export function optimizerState(trainer: BaseTrainer, slot: string): Weights {
  const { executor, run } = trainer.state;
  const { slots } = run.optimizer;
  const state = readSlots(executor, slots).get(slot);
  if (state) return state;
  throw new StateError(
    "trainer/slot",
    `the optimizer keeps no "${slot}"; it keeps ${slots.join(", ") || "nothing"}`,
  );
}

/**
 * Evaluates, predicts or saves with the averaged weights. Parameters that are not trained and running statistics of
 * batch normalization stay as they are.
 *
 * @example
 * const { loss } = withAverage(trainer, (t) => t.evaluate(validation));
 * const file = withAverage(trainer, (t) => t.saveModel());
 * @throws StateError if the optimizer keeps no average
 */
export function withAverage<T extends BaseTrainer, R>(trainer: T, look: (trainer: T) => R): R {
  const average = optimizerState(trainer, "average");
  const own = trainer.getWeights();
  trainer.setWeights({ ...own, ...average });
  try {
    return look(trainer);
  } finally {
    trainer.setWeights(own);
  }
}
