// Model files: a safetensors file whose metadata holds the semantic graph.
//
// Place: saved by trainers and predictors, read by loadModel. Invariant: everything is validated before anything is
// allocated; a file names layers of a fixed table and holds no code.

import { EdgegradError, FormatError } from "../errors.ts";
import { GraphBuilder } from "../graph/builder.ts";
import type { SemanticGraph } from "../graph/semantic.ts";
import { checkModel, lowerModel, type Model } from "../model.ts";
import { type SafetensorsFile, type SafetensorsTensor, writeSafetensors } from "./safetensors.ts";
import { checkWeights, toTensor, type Weights, weightsIn } from "./weights.ts";

export const FORMAT = "edgegrad.format";
export const GRAPH = "edgegrad.graph";
export const DIGEST = "edgegrad.sha256";

/** Layers and tensors that a file may hold at most. */
const MAX_ENTRIES = 10_000;

/** Computes SHA-256, hex. */
export type Digest = (bytes: Uint8Array) => string;

const HEADER_LENGTH_BYTES = 8;

/** The part of a file behind its header. */
export function payloadOf(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return bytes.subarray(HEADER_LENGTH_BYTES + view.getUint32(0, true));
}

/** Writes tensors and metadata with the digest of the payload among it. */
export function writeSigned(
  tensors: readonly SafetensorsTensor[],
  metadata: Record<string, string>,
  digest: Digest,
): Uint8Array {
  const bytes = writeSafetensors(tensors, { ...metadata, [DIGEST]: NO_DIGEST });
  const payload = payloadOf(bytes);
  setDigest(bytes.subarray(0, bytes.length - payload.length), digest(payload));
  return bytes;
}

/** Stands where a digest goes that is not known yet. */
export const NO_DIGEST = "0".repeat(64);

/** Puts the payload's digest into a header that was written with none. */
export function setDigest(header: Uint8Array, sum: string): void {
  const key = new TextEncoder().encode(`"${DIGEST}":"${NO_DIGEST}`);
  const at = header.findIndex((_, i) => key.every((byte, k) => header[i + k] === byte));
  header.set(new TextEncoder().encode(sum), at + key.length - NO_DIGEST.length);
}

/** @throws FormatError if the payload is not what was written */
export function checkDigest(bytes: Uint8Array, file: SafetensorsFile, digest: Digest): void {
  const expected = file.metadata[DIGEST];
  if (expected !== undefined && digest(payloadOf(bytes)) !== expected)
    throw new FormatError(
      "model/digest",
      "the file's weights do not match its checksum: it was damaged or changed",
    );
}

export function encodeModel(model: Model, weights: Weights, digest: Digest): Uint8Array {
  const tensors = Object.entries(weights).map(([name, tensor]) => toTensor(name, tensor));
  return writeSigned(tensors, { [FORMAT]: "model/1", [GRAPH]: JSON.stringify(model.graph) }, digest);
}

export interface LoadedModel {
  readonly model: Model;
  readonly weights: Weights;
}

/** The model and the weights of a file that was read. Its layers must be known: see useLayers(). */
export function modelIn(file: SafetensorsFile): LoadedModel {
  const model = graphIn(file.metadata);
  const weights = weightsIn(file);
  const { tensors } = lowerModel(new GraphBuilder(), model, "train");
  try {
    checkWeights(tensors, weights);
  } catch (cause) {
    throw new FormatError("model/weights", (cause as Error).message, {}, { cause });
  }
  return { model, weights };
}

/** The model that a file's metadata describe. @throws FormatError */
export function graphIn(metadata: SafetensorsFile["metadata"]): Model {
  const text = metadata[GRAPH];
  if (text === undefined)
    throw new FormatError(
      "model/no-graph",
      "the file holds plain weights, not a model: build the model in code and pass its weights",
    );
  try {
    return checkModel({ graph: graphFromJson(text) });
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    const why = cause instanceof EdgegradError ? cause.message : "it is malformed";
    throw new FormatError("model/graph", `the file's model cannot be used: ${why}`, {}, { cause });
  }
}

function refuse(what: string): never {
  throw new FormatError("model/graph", `the file's model is malformed: ${what}`);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isIndex = (value: unknown, below: number): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < below;

function list(value: unknown, name: string): Record<string, unknown>[] {
  if (!Array.isArray(value) || value.length > MAX_ENTRIES || !value.every(isObject))
    refuse(`"${name}" is no list of entries`);
  return value;
}

const FORBIDDEN = new Set(["__proto__", "constructor", "prototype"]);

function text(value: unknown, what: string): string {
  if (typeof value !== "string" || value.length > 256 || FORBIDDEN.has(value)) refuse(`bad ${what}`);
  return value;
}

/**
 * A semantic graph from untrusted JSON text, field by field; `checkModel` then says whether its layers fit.
 *
 * @throws FormatError for anything that is not of this form
 */
export function graphFromJson(json: string): SemanticGraph {
  let raw: unknown;
  try {
    raw = JSON.parse(json, (key, value: unknown) =>
      FORBIDDEN.has(key) ? refuse(`the name "${key}"`) : value,
    );
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    throw new FormatError("model/graph", "the file's model is no JSON", {}, { cause });
  }
  if (!isObject(raw)) refuse("it is no object");
  const inputs = list(raw.inputs, "inputs").map((entry) => {
    const { shape, dtype } = entry;
    if (dtype !== "f32" && dtype !== "i32") refuse("an input has no type");
    const sound =
      Array.isArray(shape) &&
      shape.length <= 8 &&
      shape.every((d, i) => (d === null && i === 0) || (isIndex(d, 2 ** 31) && d > 0));
    if (!sound) refuse("an input has no shape");
    return { name: text(entry.name, "input name"), shape: shape as (number | null)[], dtype } as const;
  });
  const layers = list(raw.layers, "layers").map((entry) => {
    if (!isIndex(entry.version, 1e6) || !isObject(entry.options)) refuse("a layer has no version or options");
    return {
      name: text(entry.name, "layer name"),
      op: text(entry.op, "layer op"),
      version: entry.version,
      options: entry.options as never,
    };
  });
  if (new Set(layers.map((l) => l.name)).size !== layers.length) refuse("two layers have one name");
  const calls = list(raw.calls, "calls").map((entry, i) => {
    const args = entry.inputs;
    if (!isIndex(entry.layer, layers.length)) refuse(`call ${i} names no layer`);
    if (!Array.isArray(args) || args.length === 0 || !args.every((a) => isIndex(a, inputs.length + i)))
      refuse(`call ${i} reads a tensor that does not exist yet`);
    return { layer: entry.layer, inputs: args as number[] };
  });
  if (!isObject(raw.outputs)) refuse('"outputs" is no object');
  const outputs = Object.entries(raw.outputs);
  if (
    inputs.length === 0 ||
    outputs.length === 0 ||
    !outputs.every(([, t]) => isIndex(t, inputs.length + calls.length))
  )
    refuse("it has no inputs or outputs");
  return { inputs, layers, calls, outputs: Object.fromEntries(outputs) as Record<string, number> };
}
