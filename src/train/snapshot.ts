// The lasting state of a trainer as plain values: weights, optimizer slots, powers.
//
// Place: between the executor's memory and checkpoints. Invariant: what is read and written back is the same bits.

import type { TrainingExecutor } from "../core/training-executor.ts";
import { StateError } from "../errors.ts";
import type { NamedTensor, Weights } from "../io/weights.ts";
import type { ModelTensor } from "../model.ts";

/** The optimizer's running products (βᵗ), in place. */
export function powersOf(executor: TrainingExecutor): Float64Array {
  const { address } = executor.program.plan.layout.powers;
  return executor.core.f64.subarray(address / 8, address / 8 + 2);
}

export function readWeights(executor: TrainingExecutor): Weights {
  return Object.fromEntries(executor.program.tensors.map((t) => [t.fullName, executor.read(t)]));
}

/** Gradients of the last backward pass, by parameter name. */
export function readGradients(executor: TrainingExecutor): Weights {
  const { tensors, plan } = executor.program;
  const result: Record<string, NamedTensor> = {};
  for (const tensor of tensors) {
    const region = plan.layout.gradientOf.get(tensor.fullName);
    if (region) result[tensor.fullName] = executor.read(tensor, region.address);
  }
  return result;
}

/** Every slot of every trained parameter, with the address of its values. */
export function* slotTensors(
  executor: TrainingExecutor,
  names: readonly string[],
): Generator<[string, ModelTensor, number]> {
  const { tensors, plan } = executor.program;
  const { gradientOf, gradients, slots } = plan.layout;
  for (const [i, slot] of names.entries())
    for (const tensor of tensors) {
      const gradient = gradientOf.get(tensor.fullName);
      if (gradient) yield [slot, tensor, slots[i]!.address + gradient.address - gradients.address];
    }
}

/** Gives each slot the value it starts with. */
export function fillSlots(executor: TrainingExecutor, values: readonly number[]): void {
  const { slots } = executor.program.plan.layout;
  values.forEach((value, i) => {
    const { address, bytes } = slots[i]!;
    executor.core.f32.fill(value, address >> 2, (address + bytes) >> 2);
  });
}

export function readSlots(executor: TrainingExecutor, names: readonly string[]): Map<string, Weights> {
  const slots = new Map<string, Record<string, NamedTensor>>();
  for (const [slot, tensor, address] of slotTensors(executor, names)) {
    const values = slots.get(slot) ?? {};
    values[tensor.fullName] = executor.read(tensor, address);
    slots.set(slot, values);
  }
  return slots;
}

/** @throws StateError if a value is missing or of another size */
export function writeSlots(
  executor: TrainingExecutor,
  names: readonly string[],
  slots: ReadonlyMap<string, Weights>,
): void {
  for (const [slot, tensor, address] of slotTensors(executor, names)) {
    const given = slots.get(slot)?.[tensor.fullName];
    if (given?.data.length !== tensor.shape.reduce((a, b) => a * b, 1))
      throw new StateError("resume/slot", `the checkpoint lacks "${slot}" of "${tensor.fullName}"`, {
        tensor: tensor.fullName,
      });
    executor.write(tensor, given.data, address);
  }
}
