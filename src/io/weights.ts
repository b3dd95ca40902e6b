// Named tensors as users see them: PyTorch's names and axis orders, flat f32 data.
//
// Place: between files and the tensors in the core. Invariant: strict; a missing, extra or misshapen tensor is an error.

import { FormatError, ShapeError } from "../errors.ts";
import { fileShapeOf } from "../layers/definition.ts";
import type { ModelTensor } from "../model.ts";
import { formatShape } from "../shape.ts";
import type { SafetensorsFile, SafetensorsTensor, SafetensorsView } from "./safetensors.ts";

export interface NamedTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export type Weights = { readonly [name: string]: NamedTensor };

/** @throws ShapeError that names the first tensor that is missing, unknown or of another shape */
export function checkWeights(tensors: readonly ModelTensor[], weights: Weights): void {
  const known = new Set(tensors.map((t) => t.fullName));
  for (const name of Object.keys(weights))
    if (!known.has(name))
      throw new ShapeError(
        "weights/unknown",
        `weights: the model has no tensor "${name}"; it has ${[...known].join(", ")}`,
        {
          tensor: name,
        },
      );
  for (const tensor of tensors) {
    const { fullName } = tensor;
    const given = Object.hasOwn(weights, fullName) ? weights[fullName]! : undefined;
    if (!given)
      throw new ShapeError("weights/missing", `weights: tensor "${fullName}" is missing`, {
        tensor: fullName,
      });
    const shape = fileShapeOf(tensor);
    const fits = given.shape.length === shape.length && shape.every((d, i) => d === given.shape[i]);
    const count = shape.reduce((a, b) => a * b, 1);
    if (!fits || given.data.length !== count)
      throw new ShapeError(
        "weights/shape",
        `weights: tensor "${fullName}" must be ${formatShape(shape)}, got ${formatShape(given.shape)} with ${given.data.length} values`,
        { tensor: fullName },
      );
  }
}

/** A file's tensor as f32 numbers of its own. */
export function asF32(name: string, view: SafetensorsView): NamedTensor {
  if (view.dtype !== "F32")
    throw new FormatError("weights/dtype", `tensor "${name}": expected F32, got ${view.dtype}`, {
      tensor: name,
    });
  return { shape: view.shape, data: new Float32Array(view.data.slice().buffer) };
}

/** The tensors of a file whose names begin with a prefix, without it. */
export function weightsIn(file: SafetensorsFile, prefix = ""): Weights {
  const weights: Record<string, NamedTensor> = Object.create(null);
  for (const [name, view] of file.tensors)
    if (name.startsWith(prefix) && (prefix !== "" || !name.startsWith(STATE_PREFIX)))
      weights[name.slice(prefix.length)] = asF32(name, view);
  return weights;
}

/** Names of a checkpoint's tensors that are not weights begin so. */
export const STATE_PREFIX = "edgegrad.";

/** Every NaN becomes the one canonical NaN, so that equal states are equal bytes. */
export function toTensor(name: string, { shape, data }: NamedTensor): SafetensorsTensor {
  for (let i = 0; i < data.length; i++) if (Number.isNaN(data[i])) data[i] = Number.NaN;
  return { name, dtype: "F32", shape, data };
}
