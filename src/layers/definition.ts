// What a layer is to the rest of the project: checked options, parameters, and a lowering to primitive ops.
//
// Place: each file of this folder defines a few layers; registry.ts lists them all.
// Invariant: lowering only appends nodes; everything a layer keeps between steps is a parameter or a state.

import { ConfigError, FormatError, ShapeError } from "../errors.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { AnyNode } from "../graph/ops.ts";
import type { JsonValue, Layer, LayerOptions, SymbolicTensor } from "../graph/semantic.ts";
import type { Initializer } from "../initializers/initializers.ts";
import type { KernelPack } from "../packs/kernel-pack.ts";
import { useKernels } from "../packs/known-packs.ts";
import { formatShape } from "../shape.ts";

export type Mode = "train" | "predict";

/** A tensor that a layer keeps. */
export interface TensorSpec {
  /** Without the layer's prefix, as PyTorch calls it: "weight", "bias", "running_mean". */
  readonly name: string;
  /** As it lies in memory. */
  readonly shape: readonly number[];
  /** Axes of the file and of `getWeights` in terms of the memory axes; absent: the same order. */
  readonly fileAxes?: readonly number[];
  /** The memory shape with axes split, where `fileAxes` speaks of those; `fileShape` is then the shape in files. */
  readonly view?: readonly number[];
  readonly fileShape?: readonly number[];
  readonly initializer: Initializer;
  /** Defaults to those of the memory shape. */
  readonly fans?: { readonly fanIn: number; readonly fanOut: number };
  readonly regularizer?: Regularizer;
  readonly constraint?: Constraint;
}

/** Keeps the 2-norm of each column of a kernel (the weights into one unit) at most this, after each update. */
export interface Constraint {
  readonly maxNorm: number;
}

/** The shape of a tensor in files and in `getWeights`. */
export function fileShapeOf({ shape, view = shape, fileAxes, fileShape }: TensorSpec): number[] {
  return [...(fileShape ?? fileAxes?.map((a) => view[a]!) ?? shape)];
}

/** Adds l1·Σ|w| + l2·Σw² to the loss. */
export interface Regularizer {
  readonly l1?: number;
  readonly l2?: number;
}

/** What a lowering may ask for. */
export interface LowerContext {
  readonly builder: GraphBuilder;
  readonly mode: Mode;
  /** Path of the layer, for messages. */
  readonly layer: string;
  /** Row lengths of variable-length input, if the model has them. */
  readonly lengths: AnyNode | undefined;
  parameter(spec: TensorSpec): AnyNode;
  state(spec: TensorSpec): AnyNode;
  /** In training: the state's value after this step. */
  updateState(state: AnyNode, value: AnyNode): void;
  /** A number that tells this dropout layer's random stream from the others'. */
  stream(): number;
}

export interface LayerDefinition {
  readonly op: string;
  readonly version: number;
  /** Names of the options that the layer knows; any other is refused. */
  readonly options: readonly string[];
  /** What its records need beyond the smallest core, where no definition of src/ops/ names it. */
  readonly kernels?: readonly KernelPack[];
  lower(context: LowerContext, inputs: readonly AnyNode[], options: LayerOptions): AnyNode;
}

/** A layer that may stand in the `activation` option of others. */
export interface ActivationDefinition extends LayerDefinition {
  apply(b: GraphBuilder, x: AnyNode, options: LayerOptions): AnyNode;
}

const isActivation = (definition: LayerDefinition | undefined): definition is ActivationDefinition =>
  definition !== undefined && "apply" in definition;

/** The regularizer of an option as part of a tensor's description. */
export function regularizerOf(options: LayerOptions, key: string): { regularizer?: Regularizer } {
  const value = options[key];
  return value === undefined ? {} : { regularizer: value as Regularizer };
}

/** Layers that can be lowered: those that the program made itself, and after useLayers() those of files. */
const known = new Map<string, LayerDefinition>();

/** Makes layers known by the name that files use. */
export function useLayers(definitions: readonly LayerDefinition[]): void {
  for (const definition of definitions) {
    known.set(definition.op, definition);
    if (definition.kernels) useKernels(...definition.kernels);
  }
}

/** The activation of a name, if the program has it. */
export function knownActivation(op: string): ActivationDefinition | undefined {
  const definition = known.get(op);
  return isActivation(definition) ? definition : undefined;
}

export const activationNames = (): string[] => [...known.values()].filter(isActivation).map(({ op }) => op);

/** @throws FormatError if there is no such layer or a newer version of it is asked for */
export function layerDefinition(op: string, version: number, path: string): LayerDefinition {
  const definition = known.get(op);
  if (!definition)
    throw new FormatError(
      "model/unknown-layer",
      `layer ${path}: "${op}" is no layer of this release, or one that this entry was not given: loadCore({ layers: allLayers })`,
      {
        layer: path,
      },
    );
  if (version > definition.version)
    throw new FormatError(
      "model/newer-layer",
      `layer ${path}: "${op}" version ${version} is newer than this release's ${definition.version}: update edgegrad`,
      { layer: path },
    );
  return definition;
}

/** Makes a layer from a definition and its options; `name` is taken out of them. */
export function makeLayer(definition: LayerDefinition, options: object): Layer {
  const { name, ...rest } = options as { name?: string };
  const clean = checkOptions(definition, rest);
  useLayers([definition]);
  const identity = {};
  const layer = (...inputs: SymbolicTensor[]): SymbolicTensor => {
    const [first] = inputs;
    if (!first?.builder)
      throw new ConfigError("layer/input", `${definition.op}: call it with the result of another layer`, {
        layer: definition.op,
      });
    return first.builder.call(identity, definition.op, definition.version, name, clean, inputs);
  };
  return Object.assign(layer, { op: definition.op });
}

/** Drops absent options; refuses unknown ones and values that are not plain data. */
export function checkOptions(definition: LayerDefinition, options: object): LayerOptions {
  const clean: Record<string, JsonValue> = {};
  for (const [key, given] of Object.entries(options)) {
    if (given === undefined) continue;
    // A factory of activations makes its name known.
    const value =
      key === "activation" && typeof given === "function" && !("op" in given) ? given().op : given;
    if (!definition.options.includes(key))
      throw new ConfigError(
        "layer/option",
        `${definition.op}: unknown option "${key}"; known are ${definition.options.join(", ") || "none"}`,
        { layer: definition.op, option: key },
      );
    if (typeof value === "function" || (typeof value === "number" && !Number.isFinite(value)))
      throw badOption(definition.op, key, "a finite number, text, flag or plain object", value);
    clean[key] = value as JsonValue;
  }
  return clean;
}

export function badOption(layer: string, option: string, expected: string, got: unknown): ConfigError {
  return new ConfigError(
    "layer/option",
    `${layer}: option "${option}" must be ${expected}, got ${String(got)}`,
    {
      layer,
      option,
    },
  );
}

/** A positive whole number. */
export function sizeOption(layer: string, option: string, value: unknown): number {
  if (typeof value === "number" && Number.isInteger(value) && value > 0) return value;
  throw badOption(layer, option, "a positive whole number", value);
}

/** A number in [low, high), or the default. */
export function rangeOption(
  layer: string,
  options: LayerOptions,
  option: string,
  fallback: number,
  low: number,
  high: number,
): number {
  const value = options[option] ?? fallback;
  if (typeof value === "number" && value >= low && value < high) return value;
  throw badOption(layer, option, `a number in [${low}, ${high})`, value);
}

export function flagOption(layer: string, options: LayerOptions, option: string, fallback: boolean): boolean {
  const value = options[option] ?? fallback;
  if (typeof value === "boolean") return value;
  throw badOption(layer, option, "true or false", value);
}

/** A layer's input does not fit. */
export function refuseInput(layer: string, expected: string, got: AnyNode): ShapeError {
  return new ShapeError(
    "layer/shape",
    `${layer}: expected input ${expected}, got ${formatShape(got.shape)}`,
    {
      layer,
      expected,
      got: formatShape(got.shape),
    },
  );
}

/** The last dimension, which must be a known number. */
export function lastDim(layer: string, x: AnyNode): number {
  const last = x.shape.at(-1);
  if (typeof last !== "number" || x.shape.length < 2) throw refuseInput(layer, "[N, …, features]", x);
  return last;
}
