// Gradient accumulation: one update from the mean gradient of several batches, for batches that memory cannot hold.
//
// Place: wraps an optimizer. Only apps that import it carry it. Invariant: plain data; the sum is a slot of the optimizer,
// so a checkpoint between two updates goes on bit for bit.

import { ConfigError } from "../errors.ts";
import type { UpdateRule } from "../graph/ops.ts";
import type { Optimizer } from "./optimizers.ts";

/** One more tensor per parameter, behind those that the rule keeps. */
export function withSlot(optimizer: Optimizer, slot: string): Optimizer {
  const slots = [...optimizer.slots, slot];
  // Temporaries lie behind all slots.
  const widen = <R extends UpdateRule>(rule: R): R =>
    rule.kind === "elementwise" ? { ...rule, slots: slots.length } : rule;
  const { groups } = optimizer;
  return {
    ...optimizer,
    slots,
    rule: widen(optimizer.rule),
    ...(groups && { groups: groups.map((group) => ({ ...group, rule: widen(group.rule) })) }),
  };
}

/**
 * Updates in every k-th step, by the mean of the k batches' gradients. A schedule counts updates, the trainer's steps
 * count batches. What an epoch leaves unfinished goes on in the next one.
 *
 * @example
 * accumulate(4, adam({ learningRate: 1e-3 })); // batchSize 16: as one batch of 64
 * @throws ConfigError unless k is a positive whole number
 */
export function accumulate(k: number, optimizer: Optimizer): Optimizer {
  if (!(Number.isInteger(k) && k > 0 && k < 2 ** 31))
    throw new ConfigError("optimizer/accumulate", `accumulate: expected a positive whole number, got ${k}`, {
      option: "accumulate",
    });
  if (optimizer.accumulate !== undefined)
    throw new ConfigError("optimizer/accumulate", "accumulate: the optimizer accumulates already", {
      option: "accumulate",
    });
  return k === 1 ? optimizer : { ...withSlot(optimizer, "accumulated"), accumulate: k };
}
