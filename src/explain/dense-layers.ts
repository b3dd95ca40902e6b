// The neurons of a model: which ops of the graph are a dense layer's weighted sums, activations and slopes.
//
// Place: between train/observe.ts and explain.ts. Invariant: a layer that is not a plain dense one on rows stays whole.

import { gradients } from "../autodiff/gradients.ts";
import type { AnyNode } from "../graph/ops.ts";
import { activationLayers } from "../layers/registry.ts";
import type { ObservedCall, ObservedGraph } from "../train/observe.ts";

/** Activations of which every output depends on several sums. */
const MIXING: ReadonlySet<string> = new Set(["softmax", "logSoftmax", "glu"]);
const isActivation = (op: string): boolean => activationLayers.some((layer) => layer.op === op);

export interface DenseNodes {
  readonly call: ObservedCall;
  /** The calls it is made of: the dense layer, and an activation layer behind it. */
  readonly calls: readonly ObservedCall[];
  readonly activation: string;
  readonly input: AnyNode;
  readonly weight: string;
  readonly bias: string | undefined;
  /** z */
  readonly sum: AnyNode;
  /** a */
  readonly output: AnyNode;
  /** ∂a/∂z of each neuron; absent where they mix. */
  readonly slope: AnyNode | undefined;
}

/** The dense layers of a graph; appends their slopes to it. */
export function denseLayers(graph: ObservedGraph): DenseNodes[] {
  return graph.calls.flatMap((call) => denseNodes(graph, call) ?? []);
}

function denseNodes(graph: ObservedGraph, call: ObservedCall): DenseNodes | undefined {
  const { name, op, options, inputs, nodes } = call;
  if (op !== "dense" || inputs[0]!.shape.length !== 2) return undefined;
  const product = nodes.find((node) => node.op === "matmul");
  if (!product) return undefined;
  const biased = options.useBias !== false;
  const sum = biased
    ? nodes.find((node) => node.op === "binary" && node.inputs.includes(product.id))
    : product;
  if (!sum) return undefined;
  let activation = typeof options.activation === "string" ? options.activation : "linear";
  let { output } = call;
  const calls = [call];
  const readers = graph.calls.filter((other) => other.inputs.some((node) => node.id === output.id));
  const [next] = readers;
  const isResult = [...graph.outputs.values()].some((node) => node.id === output.id);
  if (activation === "linear" && readers.length === 1 && !isResult && isActivation(next!.op)) {
    activation = next!.op;
    output = next!.output;
    calls.push(next!);
  }
  const plain = output.id === sum.id;
  const b = graph.builder;
  const slope =
    plain || MIXING.has(activation) ? undefined : gradients(b, output, [sum], b.fill(output.shape, 1))[0];
  return {
    ...{ call, calls, activation, input: inputs[0]!, sum, output, slope },
    weight: `${name}.weight`,
    bias: biased ? `${name}.bias` : undefined,
  };
}

export const isMixing = (activation: string): boolean => MIXING.has(activation);
