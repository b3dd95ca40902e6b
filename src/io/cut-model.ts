// Transfer learning: a loaded model up to one of its layers, with a new head behind it, and the weights that stay.
//
// Place: between loadModel and a trainer; it rebuilds the semantic graph and touches no core.
// Invariant: kept layers keep their names, options and weights; nothing of what is cut off remains.

import { ConfigError } from "../errors.ts";
import { GraphBuilder } from "../graph/builder.ts";
import type { Layer, SemanticGraph, SymbolicTensor } from "../graph/semantic.ts";
import { functional, type InputSpec, lowerModel } from "../model.ts";
import type { LoadedModel } from "./model-file.ts";
import type { NamedTensor } from "./weights.ts";

/** Tensor number of the last result of a layer. */
function resultOf({ layers, calls, inputs }: SemanticGraph, name: string): number {
  const layer = layers.findIndex((entry) => entry.name === name);
  const call = calls.findLastIndex((entry) => entry.layer === layer);
  if (layer >= 0 && call >= 0) return inputs.length + call;
  const known = layers.map((entry) => entry.name).join(", ");
  throw new ConfigError("cut/layer", `cutAt: the model has no layer "${name}"; it has ${known}`, {
    layer: name,
  });
}

/** Which tensors are needed to compute one. */
function ancestorsOf({ calls, inputs }: SemanticGraph, tensor: number): ReadonlySet<number> {
  const needed = new Set([tensor]);
  for (let i = tensor; i >= inputs.length; i--)
    if (needed.has(i)) for (const input of calls[i - inputs.length]!.inputs) needed.add(input);
  return needed;
}

/**
 * A model that ends behind the named layer, with `head` on top, and the weights of the layers that stay.
 *
 * The weights of the head are not among them: it starts from its initializers. Without a head the model gives the
 * features themselves.
 *
 * @example
 * const { model, weights } = cutAt(loadModel(bytes), "dense2", [dense(5, { name: "newHead" })]);
 * const trainer = core.trainer(model, { loss: softmaxCrossEntropy(), optimizer: adam(), freeze: ["conv*"] });
 * trainer.setWeights({ ...trainer.getWeights(), ...weights });
 * @throws ConfigError if there is no such layer, or a layer of the head has a kept layer's name; ShapeError if the head
 * does not fit
 */
export function cutAt(
  { model, weights }: LoadedModel,
  layer: string,
  head: readonly Layer[] = [],
): LoadedModel {
  const { graph } = model;
  const end = resultOf(graph, layer);
  const needed = ancestorsOf(graph, end);
  const inputs = graph.inputs.filter((_, i) => needed.has(i));
  const specs = inputs.map(({ name, shape, dtype }) => [name, { shape, dtype } as InputSpec] as const);
  const kept = new Set<string>();
  const cut = functional(Object.fromEntries(specs), (given) => {
    const tensors = new Map<number, SymbolicTensor>();
    graph.inputs.forEach(({ name }, i) => {
      if (needed.has(i)) tensors.set(i, given[name]!);
    });
    graph.calls.forEach((call, i) => {
      if (!needed.has(graph.inputs.length + i)) return;
      const entry = graph.layers[call.layer]!;
      const { op, version, name, options } = entry;
      kept.add(name);
      const args = call.inputs.map((input) => tensors.get(input)!);
      // The entry itself tells a layer that is called twice.
      tensors.set(graph.inputs.length + i, args[0]!.builder.call(entry, op, version, name, options, args));
    });
    return head.reduce((tensor, next) => next(tensor), tensors.get(end)!);
  });
  const stay: Record<string, NamedTensor> = {};
  for (const tensor of lowerModel(new GraphBuilder(), cut, "train").tensors)
    if (kept.has(tensor.layer)) stay[tensor.fullName] = weights[tensor.fullName]!;
  return { model: cut, weights: stay };
}
