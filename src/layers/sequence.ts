// embedding and simpleRnn: integer input, and time with row lengths.
//
// Place: definitions for the registry. Invariant: the loop over time is inside the kernel, never on the tape.

import { defined } from "../graph/defined.ts";
import type { AnyNode } from "../graph/ops.ts";
import type { Layer, LayerOptions } from "../graph/semantic.ts";
import type { Initializer } from "../initializers/initializers.ts";
import { rnn } from "../ops/recurrent.ts";
import { generalKernels } from "../packs/general.ts";
import { useKernels } from "../packs/known-packs.ts";
import { sequenceKernels } from "../packs/sequence.ts";
import {
  badOption,
  flagOption,
  type LayerDefinition,
  type LowerContext,
  lastDim,
  makeLayer,
  refuseInput,
  sizeOption,
} from "./definition.ts";

export const embeddingLayer: LayerDefinition = {
  op: "embedding",
  version: 1,
  options: ["inputDim", "outputDim", "embeddingsInitializer"],
  lower(context, [ids], options) {
    const { builder, layer } = context;
    const rows = sizeOption(layer, "inputDim", options.inputDim);
    const columns = sizeOption(layer, "outputDim", options.outputDim);
    if (ids!.dtype !== "i32") throw refuseInput(layer, "of integers (give the input dtype i32)", ids!);
    const table = context.parameter({
      name: "weight",
      shape: [rows, columns],
      initializer: (options.embeddingsInitializer ?? "uniform") as Initializer,
    });
    return builder.add("gatherRows", [table, ids!], {});
  },
};

/**
 * Looks up a row of `weight` [inputDim, outputDim] for every integer: [N, …] → [N, …, outputDim].
 * An index outside 0 … inputDim − 1 fails the step.
 */
export const embedding = (
  inputDim: number,
  outputDim: number,
  options: { embeddingsInitializer?: Initializer; name?: string } = {},
): Layer => {
  // For the gradient; predictions need no pack.
  useKernels(sequenceKernels);
  return makeLayer(embeddingLayer, { inputDim, outputDim, ...options });
};

/** x·Wᵢ + bᵢ + bₕ for all time steps as one product, then the recurrence in the core. */
function direction(
  context: LowerContext,
  x: AnyNode,
  h0: AnyNode | undefined,
  options: LayerOptions,
  reverse: boolean,
): AnyNode {
  const { builder: b, layer, lengths } = context;
  const units = sizeOption(layer, "units", options.units);
  const features = lastDim(layer, x);
  const bound = 1 / Math.sqrt(units);
  const initializer: Initializer = { name: "uniform", min: -bound, max: bound };
  const suffix = reverse ? "_l0_reverse" : "_l0";
  const weight = (name: string, rows: number) =>
    context.parameter({ name: name + suffix, shape: [rows, units], fileAxes: [1, 0], initializer });
  const input = weight("weight_ih", features);
  const recurrent = weight("weight_hh", units);
  let projected = b.matmul(b.asMatrix(x), input);
  if (flagOption(layer, options, "useBias", true)) {
    const bias = (name: string) => context.parameter({ name: name + suffix, shape: [units], initializer });
    projected = b.addUp(projected, b.addUp(bias("bias_ih"), bias("bias_hh")));
  }
  const sequence = b.reshape(projected, [x.shape[0]!, x.shape[1]!, units]);
  const relu = options.activation === "relu";
  return defined(b, rnn, [sequence, recurrent, ...(h0 ? [h0] : []), ...(lengths ? [lengths] : [])], {
    reverse,
    relu,
    hasH0: h0 !== undefined,
    hasLengths: lengths !== undefined,
  });
}

export const simpleRnnLayer: LayerDefinition = {
  op: "simpleRnn",
  version: 1,
  options: ["units", "activation", "useBias", "returnSequences", "goBackwards", "bidirectional"],
  kernels: [generalKernels],
  lower(context, [x, h0], options) {
    const { builder: b, layer } = context;
    const { activation = "tanh" } = options;
    if (activation !== "tanh" && activation !== "relu")
      throw badOption(layer, "activation", '"tanh" or "relu"', activation);
    if (x!.shape.length !== 3) throw refuseInput(layer, "[N, time, features]", x!);
    const bidirectional = flagOption(layer, options, "bidirectional", false);
    const backwards = flagOption(layer, options, "goBackwards", false);
    const units = sizeOption(layer, "units", options.units);
    if (bidirectional && h0)
      throw refuseInput(layer, "without an initial state, which bidirectional does not take", h0);
    const sequences = flagOption(layer, options, "returnSequences", false);
    const finish = (h: AnyNode, reverse: boolean) => {
      if (sequences) return h;
      const last = b.add("slice", [h], { axis: 1, start: reverse ? 0 : -1, length: 1 });
      return b.reshape(last, [h.shape[0]!, units]);
    };
    const directions = bidirectional ? [false, true] : [backwards];
    const results = directions.map((reverse) =>
      finish(direction(context, x!, h0, options, reverse), reverse),
    );
    return results.length === 1
      ? results[0]!
      : b.add("concat", results, { axis: results[0]!.shape.length - 1 });
  },
};

export interface SimpleRnnOptions {
  activation?: "tanh" | "relu";
  useBias?: boolean;
  /** The state of every time step instead of the last one. */
  returnSequences?: boolean;
  goBackwards?: boolean;
  /** Runs both ways and joins the results. */
  bidirectional?: boolean;
  name?: string;
}

/**
 * Elman network, h[t] = tanh(W·x[t] + U·h[t−1] + b).
 *
 * Input [N, time, features] (and optionally a first state [N, units]); output [N, units], or [N, time, units] with
 * returnSequences. Rows with `lengths` carry their state unchanged past their end. Parameters as in PyTorch:
 * weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0 (and …_reverse).
 */
export const simpleRnn = (units: number, options: SimpleRnnOptions = {}): Layer =>
  makeLayer(simpleRnnLayer, { units, ...options });
