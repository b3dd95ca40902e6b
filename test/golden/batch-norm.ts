// Batch normalization of the golden cases, through the library's layer.
//
// Place: called by op cases and opinfo. PyTorch's channels are axis 1, the library's the last one, so data is turned
// on its way in and expected values on the way back. Dimensions: N batch, C channels.
// Invariant: statistics, gradients and running averages come from the layer as training lowers it.

import type { AnyNode } from "../../src/graph/ops.ts";
import { batchNorm } from "../../src/layers/normalization.ts";
import { lowerModel, sequential } from "../../src/model.ts";
import { generate, tensor } from "../reference/tensor.ts";
import type { GoldenTensor, Tensors } from "./cases.ts";
import { Bench, checkValues, type Engine, type Expected } from "./values.ts";

/** [N, C, …] → [N, …, C] */
export function channelsLast(t: GoldenTensor): GoldenTensor {
  const [n, c, ...rest] = t.shape as [number, number, ...number[]];
  const source = tensor(t.shape, t.data);
  const turned = generate([n, ...rest, c], (index) => {
    const [row, ...others] = index as [number, ...number[]];
    const from = [row, others.at(-1)!, ...others.slice(0, -1)];
    return source.data[from.reduce((flat, i, d) => flat * t.shape[d]! + i, 0)]!;
  });
  return { shape: turned.shape, data: [...turned.data] };
}

const turnLarge = (tensors: Tensors, names: readonly string[]): Tensors =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, t]) => [name, names.includes(name) ? channelsLast(t) : t]),
  );

/** Inputs and expected values are named x, y, weight, bias, running_mean, running_var. */
export function checkBatchNorm(
  inputs: Tensors,
  options: { training: boolean; eps: number; momentum: number },
  expected: Expected,
  engine: Engine,
): void {
  const x = channelsLast(inputs.x!);
  const [rows, ...shape] = x.shape as [number, ...number[]];
  const model = sequential(shape, [
    batchNorm({
      momentum: options.momentum,
      epsilon: options.eps,
      scale: inputs.weight !== undefined,
      center: inputs.bias !== undefined,
      name: "bn",
    }),
  ]);
  const bench = new Bench();
  const lowered = lowerModel(bench.builder, model, options.training ? "train" : "predict");
  bench.feeds.x = x.data;
  const nodes: Record<string, AnyNode> = { x: lowered.inputs.get("x")! };
  const outputs: Record<string, AnyNode> = { y: lowered.outputs.get("output")! };
  const defaults = { weight: 1, bias: 0, running_mean: 0, running_var: 1 };
  for (const [name, fallback] of Object.entries(defaults)) {
    const node = lowered.nodes.get(`bn.${name}`);
    if (!node) continue;
    nodes[name] = node;
    bench.feeds[`bn.${name}`] = inputs[name]?.data ?? Array<number>(x.shape.at(-1)!).fill(fallback);
    const update = lowered.stateUpdates.get(`bn.${name}`);
    if (update) outputs[name] = update;
  }
  const turned: Expected = {
    outputs: turnLarge(expected.outputs, ["y"]),
    gradOutputs: turnLarge(expected.gradOutputs, ["y"]),
    grads: turnLarge(expected.grads, ["x"]),
    errors: expected.errors,
  };
  checkValues(bench, outputs, nodes, turned, engine, { batch: rows, time: 1 });
}
