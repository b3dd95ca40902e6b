// Weights in the axis order of files, brought into the core's own by its strided copy.
//
// Place: for hosts whose first prediction counts and whose core has every kernel (the Worker); Executor.write does the same in
// JS, whose first 100,000 elements take twice as long (5.8 ms, 3.1 here, in Node). Invariant: writes what Executor.write writes.

import { Op } from "../abi.ts";
import type { ModelTensor } from "../model.ts";
import { foldDims, rowMajor } from "../tape/strides.ts";
import { TapeWriter } from "../tape/writer.ts";
import type { Executor } from "./executor.ts";

/** Elements that are copied at a time: 64 KB, what memory grows by. */
const PIECE = 1 << 14;

/** All of a tensor. Needs memory behind the plan for a piece of it: tensors whose rows are longer are left to `write`. */
export function writeByCopy(
  executor: Executor,
  tensor: ModelTensor,
  data: ArrayLike<number>,
  address = executor.regionOf(tensor).address,
): void {
  const { core, stageBase } = executor;
  const { shape, view = shape, fileAxes } = tensor;
  const length = fileAxes ? data.length / view[fileAxes[0]!]! : 0;
  if (!fileAxes || length > PIECE || !(data instanceof Float32Array) || !core.has(Op.Copy)) {
    executor.write(tensor, data, address);
    return;
  }
  const own = rowMajor(view);
  const [rows, ...others] = fileAxes.map((axis) => view[axis]!) as [number, ...number[]];
  const strides = fileAxes.map((axis) => own[axis]!);
  const most = Math.min(rows, Math.floor(PIECE / length));
  core.reserve(stageBase + 4 * most * length);
  for (let row = 0; row < rows; row += most) {
    const dims = [Math.min(most, rows - row), ...others];
    core.f32.set(data.subarray(row * length, (row + dims[0]!) * length), stageBase >> 2);
    const folded = foldDims(dims, [strides, rowMajor(dims)], 6);
    const writer = new TapeWriter();
    const to = address + 4 * row * strides[0]!;
    writer.record(Op.Copy, [to, stageBase, ...folded.dims, ...folded.strides.flat(), 0]);
    executor.runOnce(writer);
  }
}
