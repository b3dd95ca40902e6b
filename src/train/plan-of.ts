// What a trainer costs in memory and work, and how many parameters it has.
//
// Place: behind Trainer.plan. Invariant: known before the first step.

import type { TrainingExecutor } from "../core/training-executor.ts";
import type { PlanBytes } from "../plan/plan.ts";

export interface TrainerPlan {
  readonly bytes: PlanBytes;
  readonly flopsPerStep: number;
  readonly batchSize: number;
  readonly parameters: number;
  readonly trainableParameters: number;
}

export function planOf(executor: TrainingExecutor): TrainerPlan {
  const { tensors, trainable, plan, binding } = executor.program;
  const count = (names: typeof tensors) =>
    names.reduce((sum, t) => sum + t.shape.reduce((a, b) => a * b, 1), 0);
  return {
    bytes: { ...plan.bytes },
    flopsPerStep: executor.graph("train").flops,
    batchSize: binding.batch,
    parameters: count(tensors.filter((t) => t.kind === "parameter")),
    trainableParameters: count(tensors.filter((t) => trainable.has(t.fullName))),
  };
}
