// Folds broadcast and permuted shapes into the few strided dimensions that the kernels take.
//
// Place: used by tape/encode.ts. Invariant: folding never changes which element meets which.

import { ConfigError } from "../errors.ts";

/** Row-major strides in elements. */
export function rowMajor(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i]!;
  }
  return strides;
}

/** Strides of `shape` read as `target`: 0 along broadcast axes. */
export function broadcastStrides(shape: readonly number[], target: readonly number[]): number[] {
  const own = rowMajor(shape);
  const lead = target.length - shape.length;
  return target.map((_, i) => (i < lead || shape[i - lead] === 1 ? 0 : own[i - lead]!));
}

/**
 * Drops axes of length 1 and merges neighbours whose strides allow it in every operand, then pads to `rank` axes.
 *
 * @returns dims and one stride list per operand, outermost first
 */
export function foldDims(
  dims: readonly number[],
  operands: readonly (readonly number[])[],
  rank: number,
): { dims: number[]; strides: number[][] } {
  const outDims: number[] = [];
  const out: number[][] = operands.map(() => []);
  for (let i = dims.length - 1; i >= 0; i--) {
    const length = dims[i]!;
    if (length === 1) continue;
    const inner = outDims[0];
    const merges = inner !== undefined && operands.every((strides, k) => strides[i] === out[k]![0]! * inner);
    if (merges) outDims[0] = inner * length;
    else {
      outDims.unshift(length);
      operands.forEach((strides, k) => {
        out[k]!.unshift(strides[i]!);
      });
    }
  }
  if (outDims.length > rank)
    throw new ConfigError(
      "tape/rank",
      `a strided op needs ${outDims.length} dimensions, the core takes ${rank}`,
    );
  while (outDims.length < rank) {
    outDims.unshift(1);
    for (const strides of out) strides.unshift(0);
  }
  return { dims: outDims, strides: out };
}
