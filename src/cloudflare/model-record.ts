// What a model is, beside its weights: graph, training options, bounds. Made from a description or a file.
//
// Place: stored once per model; trainers are rebuilt from it. Invariant: plain JSON; a model that is accepted fits the
// memory, and its load, one step and save fit the CPU time, before anything is stored.

import * as v from "valibot";
import type { Core, Model, Trainer } from "../api.ts";
import { ConfigError } from "../errors.ts";
import { checkDigest, FORMAT, graphFromJson, modelIn } from "../io/model-file.ts";
import { readSafetensors } from "../io/safetensors.ts";
import { Sha256 } from "../io/sha256.ts";
import type { Weights } from "../io/weights.ts";
import { layerDefinition, useLayers } from "../layers/definition.ts";
import { allLayers } from "../layers/registry.ts";
import { checkModel } from "../model.ts";
import type { TrainerHost } from "../train/base-trainer.ts";
import { type FileSource, fileBytesOf, headerOf, resumeFrom } from "../train/state-stream.ts";
import { lossesOf } from "./model-rows.ts";
import { release } from "./object-schema.ts";
import { MAX_EXAMPLES, type Settings } from "./settings.ts";
import { lossNamed, metricNamed, optimizerNamed } from "./training-names.ts";

export interface TrainingSpec {
  readonly losses: readonly { output: string; name: string; options: object; weight: number }[];
  readonly optimizer: { readonly name: string; readonly options: Readonly<Record<string, unknown>> };
  readonly metrics: readonly string[];
  readonly batchSize: number;
  readonly timeSteps: number;
  readonly seed: number;
  readonly freeze: readonly string[];
}

export interface ModelRecord {
  readonly name: string;
  /** Tells a model from another of the same name that was deleted. */
  readonly uid: string;
  readonly graph: Model["graph"];
  readonly spec: TrainingSpec;
  readonly examples: { readonly capacity: number; readonly policy: "reservoir" | "window" };
  readonly snapshotEvery: number;
  readonly plan: {
    readonly parameters: number;
    readonly flopsPerStep: number;
    readonly planBytes: number;
    readonly stateBytes: number;
  };
}

/** What models are built with. */
export interface Builder {
  readonly core: Core;
  readonly host: TrainerHost;
  readonly settings: Settings;
}

export interface BuiltModel {
  readonly record: ModelRecord;
  readonly trainer: Trainer;
}

/** FLOPs a slice reaches per second before anything is known of the machine. */
export const FIRST_RATE = 1e9;
/** Loading or saving a byte of state, in FLOPs at that rate: parsing, copying, two SHA-256. See docs/worker.md. */
export const STATE_FLOPS_PER_BYTE = 15;

/** Chunks on their way into and out of storage, and parsed requests. */
const WORKING_BYTES = 8e6;

const count = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most));
const options = v.record(v.string(), v.unknown());
const lossEntry = v.union([
  v.string(),
  v.strictObject({ name: v.string(), options: v.optional(options, {}), weight: v.optional(v.number(), 1) }),
]);
export const trainingFields = {
  loss: v.optional(v.union([lossEntry, v.record(v.string(), lossEntry)])),
  optimizer: v.optional(
    v.strictObject({
      name: v.string(),
      options: v.optional(options, {}),
    }),
    { name: "adam" },
  ),
  metrics: v.optional(v.pipe(v.array(v.string()), v.maxLength(8)), []),
  batchSize: v.optional(count(65_536), 32),
  timeSteps: v.optional(count(65_536)),
  seed: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 0),
  freeze: v.optional(v.pipe(v.array(v.string()), v.maxLength(1000)), []),
  examples: v.optional(
    v.strictObject({
      capacity: v.optional(count(MAX_EXAMPLES), 10_000),
      policy: v.optional(v.picklist(["reservoir", "window"]), "reservoir"),
    }),
    {},
  ),
  snapshotEvery: v.optional(count(10_000)),
};
const layer = v.looseObject({ op: v.string(), name: v.optional(v.string()) });
/** `{ input, layers }` for a chain of layers, or `{ graph }` as model files hold it. */
export const description = v.union([
  v.strictObject({
    input: v.array(v.nullable(v.number())),
    inputType: v.optional(v.picklist(["f32", "i32"]), "f32"),
    layers: v.pipe(v.array(layer), v.maxLength(1000)),
    ...trainingFields,
  }),
  v.strictObject({ graph: options, ...trainingFields }),
]);
export const fileOptions = v.strictObject(trainingFields);
type Fields = v.InferOutput<typeof fileOptions>;

/** @throws ConfigError, ShapeError or FormatError that says what in the description cannot be used */
export function buildFromDescription(
  ...[core, settings, name, body]: [Core, Settings, string, v.InferOutput<typeof description>]
): BuiltModel {
  const graph = graphFromJson(
    JSON.stringify("graph" in body ? body.graph : chain(body.input, body.inputType, body.layers)),
  );
  return build(core, settings, name, checkModel({ graph }), specOf({ graph }, body), body, undefined);
}

/** A model file trained by the fields, or a checkpoint that brings its own. */
export function buildFromFile(
  ...[{ core, host, settings }, name, file, fields]: [Builder, string, FileSource, Fields | undefined]
): BuiltModel {
  const { metadata } = headerOf(file);
  if (metadata[FORMAT]?.startsWith("checkpoint/")) {
    const given = Object.keys(fields ?? {}).find((key) => key !== "examples" && key !== "snapshotEvery");
    if (given)
      throw new ConfigError("model/fixed", `${given} comes from the checkpoint: leave it out`, {
        option: given,
      });
    const trainer = resumeFrom(host, file, true);
    const { model, run } = trainer.state;
    const { objectives, optimizer, batchSize, timeSteps, seed, freeze } = run;
    // The checkpoint itself holds losses, metrics and optimizer; these are for people to read.
    const spec = {
      losses: objectives.map(({ output, name, weight }) => ({ output, name, weight, options: {} })),
      optimizer: { name: optimizer.name, options: {} },
      metrics: [...new Set(objectives.flatMap((objective) => objective.metrics.map(({ name }) => name)))],
      ...{ batchSize, timeSteps, seed, freeze },
    };
    const defaults = v.parse(fileOptions, fields ?? {});
    return accept(settings, { name, model, spec, fields: defaults, trainer });
  }
  const bytes = wholeOf(file);
  const contents = readSafetensors(bytes);
  const { model, weights } = modelIn(contents);
  checkDigest(bytes, contents, (payload) => new Sha256().update(payload).hex());
  release(bytes);
  refuseNotFinite(weights);
  const all = v.parse(fileOptions, fields ?? {});
  return build(core, settings, name, model, specOf(model, all), all, weights);
}

function wholeOf(file: FileSource): Uint8Array {
  const bytes = new Uint8Array(file.bytes);
  let at = 0;
  for (const piece of file.pieces()) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Work of loading or saving a state. */
export const stateFlops = ({ plan }: ModelRecord): number => plan.stateBytes * STATE_FLOPS_PER_BYTE;

function build(
  ...[core, settings, name, model, spec, fields, weights]: [
    Core,
    Settings,
    string,
    Model,
    TrainingSpec,
    Fields,
    Weights | undefined,
  ]
): BuiltModel {
  const trainer = core.trainer(model, { ...optionsOf(spec, model.graph), ...(weights && { weights }) });
  return accept(settings, { name, model, spec, fields, trainer });
}

function accept(
  settings: Settings,
  made: { name: string; model: Model; spec: TrainingSpec; fields: Fields; trainer: Trainer },
): BuiltModel {
  const { name, model, spec, fields, trainer } = made;
  try {
    const { parameters, flopsPerStep, bytes } = trainer.plan;
    const stateBytes = fileBytesOf(trainer, "checkpoint");
    const plan = { parameters, flopsPerStep, planBytes: bytes.total, stateBytes };
    // A checkpoint that is received, or the model file that is sent; states are stored and loaded in chunks.
    const memory = plan.planBytes + plan.stateBytes + WORKING_BYTES;
    if (memory > settings.maxPlanBytes)
      throw new ConfigError(
        "plan/too-large",
        `the model takes ${mega(memory)} MB with loading and saving, ${mega(settings.maxPlanBytes)} MB are allowed: ` +
          "use fewer parameters or a smaller batchSize",
      );
    const budget = (settings.cpuMs / 1000) * FIRST_RATE;
    const work = 2 * plan.stateBytes * STATE_FLOPS_PER_BYTE + flopsPerStep;
    if (work > budget)
      throw new ConfigError(
        "model/work",
        `load, one step and save take ${mega(work)} MFLOP, a slice of ${settings.cpuMs} ms has ${mega(budget)}: ` +
          "use a smaller model or batchSize, or raise EDGEGRAD_CPU_MS",
      );
    // A replay after a restart takes at most half of a slice.
    const replayed = Math.max(1, Math.floor(budget / 2 / Math.max(flopsPerStep, 1)));
    const snapshotEvery = Math.min(fields.snapshotEvery ?? settings.snapshotEvery, replayed);
    const examples = {
      capacity: fields.examples.capacity ?? 10_000,
      policy: fields.examples.policy ?? "reservoir",
    };
    const uid = crypto.randomUUID();
    const record = { name, uid, graph: model.graph, spec, examples, snapshotEvery, plan } as const;
    return { record, trainer };
  } catch (error) {
    trainer.dispose();
    throw error;
  }
}

const mega = (value: number): string => (value / 1e6).toFixed(1);

function specOf(model: Model, fields: Fields): TrainingSpec {
  const { loss, optimizer, metrics, batchSize, timeSteps = 1, seed, freeze } = fields;
  const timed = model.graph.inputs.some((input) => input.shape.includes(null));
  if (timed && fields.timeSteps === undefined)
    throw new ConfigError("config/timeSteps", "the model has an input of variable time: give timeSteps", {
      option: "timeSteps",
    });
  const fixed = {
    optimizer: optimizer as TrainingSpec["optimizer"],
    metrics,
    batchSize,
    timeSteps,
    seed,
    freeze,
  };
  if (loss === undefined || typeof loss === "string") {
    const losses = Object.entries(lossesOf(checkModel(model), loss)).map(([output, made]) => ({
      ...{ output, name: made.name, options: {}, weight: 1 },
    }));
    return { losses, ...fixed };
  }
  const single = "name" in loss && typeof loss.name === "string";
  const named = single
    ? Object.keys(model.graph.outputs).map((output) => [output, loss])
    : Object.entries(loss);
  const losses = (named as [string, string | { name: string; options?: object; weight?: number }][]).map(
    ([output, entry]) => {
      const { name, options: given = {}, weight = 1 } = typeof entry === "string" ? { name: entry } : entry;
      return { output, name, options: given, weight };
    },
  );
  return { losses, ...fixed };
}

function optionsOf(spec: TrainingSpec, graph: Model["graph"]) {
  const { losses, optimizer, metrics, batchSize, timeSteps, seed, freeze } = spec;
  const timed = graph.inputs.some((input) => input.shape.includes(null));
  return {
    ...{ batchSize, seed, freeze, ...(timed && { timeSteps }) },
    loss: Object.fromEntries(losses.map((entry) => [entry.output, lossNamed(entry.name, entry.options)])),
    lossWeights: Object.fromEntries(losses.map(({ output, weight }) => [output, weight])),
    optimizer: optimizerNamed(optimizer.name, optimizer.options),
    metrics: metrics.map(metricNamed),
  };
}

type LayerText = v.InferOutput<typeof layer>;

function chain(input: readonly (number | null)[], dtype: string, layers: readonly LayerText[]): object {
  useLayers(allLayers);
  return {
    inputs: [{ name: "x", shape: input, dtype: layers[0]?.op === "embedding" ? "i32" : dtype }],
    layers: layers.map(({ op, name, ...rest }, i) => ({
      ...{ name: name ?? String(i), op, version: layerDefinition(op, 0, String(i)).version, options: rest },
    })),
    calls: layers.map((_, i) => ({ layer: i, inputs: [i] })),
    outputs: { output: layers.length },
  };
}

/** @throws ConfigError that names the tensor */
export function refuseNotFinite(weights: Weights): void {
  for (const [tensor, { data }] of Object.entries(weights))
    if (!data.every(Number.isFinite))
      throw new ConfigError(
        "weights/not-finite",
        `tensor "${tensor}" holds a value that is infinite or NaN`,
        {
          tensor,
        },
      );
}
