// Models: an immutable description of layers and how they are connected, and its lowering to primitive ops.
//
// Place: first stage of the pipeline. Invariant: a model holds no numbers; its semantic graph is plain JSON and is
// exactly what a file saves.

import { ConfigError } from "./errors.ts";
import { GraphBuilder } from "./graph/builder.ts";
import type { AnyNode, DTypeName } from "./graph/ops.ts";
import {
  type InputEntry,
  type Layer,
  SemanticBuilder,
  type SemanticGraph,
  type SymbolicTensor,
} from "./graph/semantic.ts";
import { checkOptions, layerDefinition, type Mode, type TensorSpec } from "./layers/definition.ts";
import { type Dim, N, T } from "./shape.ts";

/** Shape of one row; null stands for a time length that varies. */
export type InputShape = readonly (number | null)[];
export type InputSpec = InputShape | { readonly shape: InputShape; readonly dtype?: "f32" | "i32" };

export interface Model {
  readonly graph: SemanticGraph;
}

const isShape = (spec: InputSpec): spec is InputShape => Array.isArray(spec);

function inputEntry(name: string, spec: InputSpec): InputEntry {
  const shape = isShape(spec) ? spec : spec.shape;
  const bad =
    !Array.isArray(shape) ||
    shape.some((d, i) => !(Number.isInteger(d) && (d as number) > 0) && !(d === null && i === 0));
  if (bad)
    throw new ConfigError(
      "model/input",
      `input "${name}": expected a shape such as [784] or [null, 8] (null: time, first only), got ${JSON.stringify(shape)}`,
      { input: name },
    );
  return { name, shape, dtype: (isShape(spec) ? undefined : spec.dtype) ?? "f32" };
}

function finish(builder: SemanticBuilder, outputs: Record<string, SymbolicTensor>): Model {
  const names = new Set<string>();
  for (const layer of builder.layers) {
    if (names.has(layer.name) || layer.name === "__proto__" || layer.name === "")
      throw new ConfigError(
        "model/name",
        `two layers are called "${layer.name}": give one of them another name`,
        {
          layer: layer.name,
        },
      );
    names.add(layer.name);
  }
  // An input that goes into an embedding holds integers.
  const embedded = new Set(
    builder.calls
      .filter((call) => builder.layers[call.layer]!.op === "embedding")
      .flatMap((call) => call.inputs),
  );
  const inputs = builder.inputs.map((entry, i) =>
    embedded.has(i) ? { ...entry, dtype: "i32" as DTypeName } : entry,
  );
  const graph: SemanticGraph = {
    inputs,
    layers: builder.layers,
    calls: builder.calls,
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, t]) => [name, t.index])),
  };
  return checkModel({ graph });
}

/** Infers all shapes once, so that a model that does not fit is refused where it is written. */
export function checkModel(model: Model): Model {
  const builder = new GraphBuilder();
  lowerModel(builder, model, "train");
  return Object.freeze({ graph: model.graph });
}

/**
 * A chain of layers.
 *
 * @example
 * const model = sequential([784], [dense(128, { activation: "relu" }), dense(10)]);
 * @throws ShapeError naming the layer whose input does not fit
 */
export function sequential(input: InputSpec, layers: readonly Layer[]): Model {
  const builder = new SemanticBuilder();
  let tensor = builder.input(inputEntry("x", input));
  if (layers.length === 0) throw new ConfigError("model/empty", "sequential: expected at least one layer");
  layers.forEach((layer, i) => {
    if (typeof layer !== "function")
      throw new ConfigError("model/layer", `sequential: layers[${i}] is not a layer`, { layer: String(i) });
    tensor = layer(tensor);
  });
  return finish(builder, { output: tensor });
}

/**
 * A model of any form: branches, residual connections, shared layers, several inputs and outputs.
 *
 * @example
 * functional({ a: [8], b: [8] }, ({ a, b }) => dense(1)(add()(dense(4)(a), dense(4)(b))));
 */
export function functional<I extends Record<string, InputSpec>>(
  inputs: I,
  connect: (tensors: { [K in keyof I]: SymbolicTensor }) => SymbolicTensor | Record<string, SymbolicTensor>,
): Model {
  const builder = new SemanticBuilder();
  const entries = Object.entries(inputs).map(([name, spec]) => [name, builder.input(inputEntry(name, spec))]);
  if (entries.length === 0) throw new ConfigError("model/input", "functional: expected at least one input");
  const result = connect(Object.fromEntries(entries));
  return finish(
    builder,
    "builder" in result ? { output: result as SymbolicTensor } : (result as Record<string, SymbolicTensor>),
  );
}

/** A tensor that a model keeps, with its full name. */
export interface ModelTensor extends TensorSpec {
  readonly fullName: string;
  readonly layer: string;
  readonly kind: "parameter" | "state";
}

export interface Lowered {
  readonly inputs: ReadonlyMap<string, AnyNode>;
  readonly outputs: ReadonlyMap<string, AnyNode>;
  readonly lengths: AnyNode | undefined;
  /** In model order. */
  readonly tensors: readonly ModelTensor[];
  readonly nodes: ReadonlyMap<string, AnyNode>;
  /** Training only: state name → its value after the step. */
  readonly stateUpdates: ReadonlyMap<string, AnyNode>;
  /** Tensors of the semantic graph by their number: the inputs, then the result of each call. */
  readonly values: readonly AnyNode[];
}

/** Name of an input in the primitive graph: "x", or "x.a" where a model has several. */
export const feedName = (role: "x" | "y", name: string, single: boolean): string =>
  single ? role : `${role}.${name}`;

/** Appends the model's ops to a primitive graph. */
export function lowerModel(b: GraphBuilder, model: Model, mode: Mode): Lowered {
  const { graph } = model;
  const single = graph.inputs.length === 1;
  const inputs = new Map<string, AnyNode>();
  const values: AnyNode[] = graph.inputs.map((entry) => {
    const shape: Dim[] = [N, ...entry.shape.map((d) => d ?? T)];
    const node = b.add("input", [], {
      name: feedName("x", entry.name, single),
      role: "x",
      shape,
      dtype: entry.dtype,
    });
    inputs.set(entry.name, node);
    return node;
  });
  const timed = graph.inputs.some((entry) => entry.shape.includes(null));
  const lengths = timed
    ? b.add("input", [], { name: "lengths", role: "lengths", shape: [N], dtype: "i32" })
    : undefined;

  const tensors: ModelTensor[] = [];
  const nodes = new Map<string, AnyNode>();
  const stateUpdates = new Map<string, AnyNode>();
  const keep = (layer: string, kind: ModelTensor["kind"], spec: TensorSpec): AnyNode => {
    const fullName = `${layer}.${spec.name}`;
    const known = nodes.get(fullName);
    if (known) return known;
    tensors.push({ ...spec, fullName, layer, kind });
    const node = b.add(kind, [], { name: fullName, shape: spec.shape });
    nodes.set(fullName, node);
    return node;
  };
  let streams = 0;
  for (const call of graph.calls) {
    const entry = graph.layers[call.layer]!;
    const definition = layerDefinition(entry.op, entry.version, entry.name);
    const label = `${entry.op} (layers.${entry.name})`;
    b.layer = label;
    const args = call.inputs.map((i) => values[i]!);
    const output = definition.lower(
      {
        builder: b,
        mode,
        layer: label,
        lengths,
        parameter: (spec) => keep(entry.name, "parameter", spec),
        state: (spec) => keep(entry.name, "state", spec),
        updateState: (state, value) => {
          stateUpdates.set((state.attrs as { name: string }).name, value);
        },
        stream: () => streams++,
      },
      args,
      checkOptions({ ...definition, op: label }, entry.options),
    );
    values.push(output);
  }
  b.layer = "";
  const outputs = new Map(Object.entries(graph.outputs).map(([name, i]) => [name, values[i]!]));
  return { inputs, outputs, lengths, tensors, nodes, stateUpdates, values };
}
