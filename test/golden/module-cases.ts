// Runs `module` cases: a layer with parameters, through the library's public layers and its lowering.
//
// Place: one kind of the golden runner. Dimensions: N batch, T time, H hidden.
// Invariant: parameters are fed under the model's own names, in the axis order of files.

import type { AnyNode } from "../../src/graph/ops.ts";
import type { SymbolicTensor } from "../../src/graph/semantic.ts";
import { concat } from "../../src/layers/core-layers.ts";
import { simpleRnn } from "../../src/layers/sequence.ts";
import { functional, lowerModel, type Model, type ModelTensor } from "../../src/model.ts";
import { generate, tensor } from "../reference/tensor.ts";
import {
  type Attributes,
  type GoldenCase,
  type GoldenTensor,
  refuseOptions,
  supported,
  type Tensors,
} from "./cases.ts";
import { Bench, checkValues, type Engine } from "./values.ts";

export interface ModuleCase extends GoldenCase {
  readonly type: string;
  readonly attrs: Attributes;
  readonly mode: "train" | "eval";
  readonly params: Tensors;
  readonly inputs: Tensors;
  readonly outputs: Tensors;
  readonly grad_outputs: Tensors;
  readonly grads: Tensors;
}

/** A tensor of a file in the memory order of a model's tensor, and the other way round. */
export function toMemory(
  t: GoldenTensor,
  spec: Pick<ModelTensor, "fileAxes" | "shape" | "view">,
): GoldenTensor {
  const { fileAxes, shape, view = shape } = spec;
  if (!fileAxes) return t;
  const turned = fileAxes.map((axis) => view[axis]!);
  const source = tensor(turned, t.data);
  const data = generate(view, (index) => {
    const at = fileAxes.map((axis) => index[axis]!);
    return source.data[at.reduce((flat, i, d) => flat * turned[d]! + i, 0)]!;
  }).data;
  return { shape, data: [...data] };
}

/** A stack of Elman layers, PyTorch's `RNN`: layer l, direction d has state h0[l · directions + d]. */
function rnnCase(c: ModuleCase, engine: Engine): void {
  const known = ["input", "hidden", "layers", "bidirectional", "bias", "nonlinearity"];
  refuseOptions(c.attrs, known, "layer", "RNN");
  const { hidden, layers, bidirectional, bias, nonlinearity } = c.attrs as {
    hidden: number;
    layers: number;
    bidirectional: boolean;
    bias: boolean;
    nonlinearity: "tanh" | "relu";
  };
  const [rows, time, features] = c.inputs.x!.shape as [number, number, number];
  const directions = bidirectional ? 2 : 1;
  const stateName = (l: number, d: number) => `h${l}_${d}`;
  const states = c.inputs.h0
    ? Object.fromEntries(
        Array.from({ length: layers * directions }, (_, i) => [
          stateName(Math.floor(i / directions), i % directions),
          [hidden],
        ]),
      )
    : {};
  const model: Model = functional({ x: [time, features], ...states }, (ins) => {
    const given = ins as Record<string, SymbolicTensor>;
    let x = given.x!;
    const results: Record<string, SymbolicTensor> = {};
    for (let l = 0; l < layers; l++) {
      const both = Array.from({ length: directions }, (_, d) => {
        const rnn = simpleRnn(hidden, {
          activation: nonlinearity,
          useBias: bias,
          returnSequences: true,
          goBackwards: d === 1,
          name: `${l}_${d}`,
        });
        const h0 = given[stateName(l, d)];
        const h = h0 ? rnn(x, h0) : rnn(x);
        results[`h${l}_${d}`] = h;
        return h;
      });
      x = both.length === 2 ? concat()(...both) : both[0]!;
    }
    return { ...results, y: x };
  });

  const bench = new Bench();
  const b = bench.builder;
  const lowered = lowerModel(b, model, "train");
  const wanted: Record<string, AnyNode> = { x: lowered.inputs.get("x")! };
  const inputName = (node: AnyNode) => (node.attrs as { name: string }).name;
  bench.feeds[inputName(wanted.x!)] = c.inputs.x!.data;
  const grads: Record<string, GoldenTensor> = { x: c.grads.x! };
  const block = rows * hidden;
  for (const [i, name] of Object.keys(states).entries()) {
    const part = (t: GoldenTensor) => ({
      shape: [rows, hidden],
      data: t.data.slice(i * block, (i + 1) * block),
    });
    wanted[name] = lowered.inputs.get(name)!;
    bench.feeds[inputName(wanted[name])] = part(c.inputs.h0!).data;
    grads[name] = part(c.grads.h0!);
  }
  for (const spec of lowered.tensors) {
    // Both directions of the library's layer are called by their own suffix: goBackwards is "_reverse".
    const [layer] = spec.layer.split("_");
    const name = spec.name.replace("_l0", `_l${layer}`);
    const node = lowered.nodes.get(spec.fullName)!;
    bench.feeds[spec.fullName] = toMemory(c.params[name]!, spec).data;
    wanted[name] = node;
    grads[name] = toMemory(c.grads[name]!, spec);
  }
  const last = (name: string, reverse: boolean) =>
    b.reshape(b.add("slice", [lowered.outputs.get(name)!], { axis: 1, start: reverse ? 0 : -1, length: 1 }), [
      1,
      lowered.outputs.get(name)!.shape[0]!,
      hidden,
    ]);
  const finals = Array.from({ length: layers * directions }, (_, i) => {
    const [l, d] = [Math.floor(i / directions), i % directions];
    return last(stateName(l, d), d === 1);
  });
  const hn = finals.length === 1 ? finals[0]! : b.add("concat", finals, { axis: 0 });
  checkValues(
    bench,
    { y: lowered.outputs.get("y")!, hn },
    wanted,
    { outputs: c.outputs, gradOutputs: c.grad_outputs, grads, errors: c.torch_f32_err ?? {} },
    engine,
    { batch: rows, time },
  );
}

const MODULES: Readonly<Record<string, (c: ModuleCase, engine: Engine) => void>> = { RNN: rnnCase };

export const runModuleCase = (c: ModuleCase, engine: Engine): void =>
  supported(MODULES, "layer", c.type)(c, engine);
