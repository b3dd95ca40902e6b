// Checkpoints: a model file with everything a run needs to go on bit for bit.
//
// Place: saved and resumed by trainers. Invariant: what is read back is exactly what was written, to the bit.

import type { RecordedObjective } from "../compile.ts";
import { FormatError } from "../errors.ts";
import { GraphBuilder } from "../graph/builder.ts";
import { lowerModel, type Model } from "../model.ts";
import type { Optimizer } from "../optimizers/optimizers.ts";
import { useFormulas } from "../schedules/evaluate.ts";
import { usePlateaus } from "../schedules/plateau.ts";
import type { PlateauState } from "../schedules/plateau-state.ts";
import { N } from "../shape.ts";
import { checkDigest, type Digest, FORMAT, GRAPH, modelIn, writeSigned } from "./model-file.ts";
import { checkOptimizer, checkPlateau } from "./optimizer-check.ts";
import { checkRecorded, isShape } from "./recorded-check.ts";
import { readSafetensors, type SafetensorsFile } from "./safetensors.ts";
import { STATE_PREFIX, toTensor, type Weights, weightsIn } from "./weights.ts";

/** What identifies the data of a run: it must be the same when the run goes on. */
export interface DataIdentity {
  readonly rows: number;
  readonly types: readonly string[];
  readonly hash: number;
}

/** Everything beside tensors; plain JSON. */
export interface RunState {
  readonly objectives: readonly RecordedObjective[];
  readonly optimizer: Optimizer;
  readonly plateau: PlateauState;
  readonly batchSize: number;
  readonly timeSteps: number;
  readonly seed: number;
  readonly freeze: readonly string[];
  readonly sliceFlops: number;
  readonly step: number;
  /** Epochs finished, and rows done in the current one. */
  readonly epoch: number;
  readonly position: number;
  /** Sums of the reports over the rows done in the current epoch, weighted by rows. */
  readonly epochSums: readonly number[];
  readonly shuffle: boolean;
  readonly data: DataIdentity | null;
  /** Early stopping of a run that has not ended: the best value so far, and the epochs since. */
  readonly stopping?: { readonly value: number | null; readonly stalled: number };
}

export interface Checkpoint {
  readonly model: Model;
  readonly weights: Weights;
  readonly state: RunState;
  /** Slot name → parameter name → values. */
  readonly slots: ReadonlyMap<string, Weights>;
  readonly powers: Float64Array;
}

const STATE = "edgegrad.run";
export const POWERS = `${STATE_PREFIX}powers`;

export function encodeCheckpoint(checkpoint: Checkpoint, digest: Digest): Uint8Array {
  const { model, weights, state, slots, powers } = checkpoint;
  const tensors = Object.entries(weights).map(([name, tensor]) => toTensor(name, tensor));
  for (const [slot, values] of slots)
    for (const [name, tensor] of Object.entries(values))
      tensors.push(toTensor(`${STATE_PREFIX}${slot}.${name}`, tensor));
  tensors.push({ name: POWERS, dtype: "F64", shape: [powers.length], data: powers });
  return writeSigned(tensors, checkpointMetadata(model, state), digest);
}

export const checkpointMetadata = (model: Model, state: RunState): Record<string, string> => ({
  [FORMAT]: "checkpoint/1",
  [GRAPH]: JSON.stringify(model.graph),
  [STATE]: JSON.stringify(state),
});

/** @throws FormatError if the file is no checkpoint of this release or an older one */
export function decodeCheckpoint(bytes: Uint8Array, digest: Digest): Checkpoint {
  const file = readSafetensors(bytes);
  checkFormat(file.metadata);
  checkDigest(bytes, file, digest);
  const { model, weights } = modelIn(file);
  const state = runStateIn(file.metadata, model);
  const slots = new Map<string, Weights>();
  for (const name of file.tensors.keys()) {
    const slot = /^edgegrad\.(\w+)\./.exec(name)?.[1];
    if (slot && !slots.has(slot)) slots.set(slot, weightsIn(file, `${STATE_PREFIX}${slot}.`));
  }
  const view = file.tensors.get(POWERS);
  if (view?.dtype !== "F64" || view.data.length !== 16)
    throw new FormatError("checkpoint/powers", "the checkpoint lacks its optimizer's powers");
  return { model, weights, state, slots, powers: new Float64Array(view.data.slice().buffer) };
}

/** @throws FormatError for metadata of anything but a checkpoint that this release reads */
export function checkFormat(metadata: SafetensorsFile["metadata"]): void {
  const format = metadata[FORMAT];
  if (format !== "checkpoint/1")
    throw new FormatError(
      "checkpoint/format",
      format?.startsWith("checkpoint/")
        ? `the checkpoint has format "${format}", this release reads "checkpoint/1": update edgegrad`
        : "the file is no checkpoint: use loadModel or predictor for a model file",
    );
}

/** What a checkpoint's metadata say of its run. @throws FormatError */
export const runStateIn = (metadata: SafetensorsFile["metadata"], model: Model): RunState =>
  parseState(metadata[STATE], model);

const NUMBERS = ["batchSize", "timeSteps", "seed", "sliceFlops", "step", "epoch", "position"] as const;

function parseState(text: string | undefined, model: Model): RunState {
  let raw: Partial<RunState>;
  try {
    raw = JSON.parse(text ?? "") as Partial<RunState>;
  } catch (cause) {
    throw new FormatError("checkpoint/state", "the checkpoint's run state is no JSON", {}, { cause });
  }
  const sound =
    NUMBERS.every((key) => typeof raw[key] === "number" && raw[key] >= 0 && Number.isFinite(raw[key])) &&
    [raw.objectives, raw.freeze, raw.epochSums].every(Array.isArray) &&
    typeof raw.shuffle === "boolean";
  const { value = null, stalled = 0 } = raw.stopping ?? {};
  const halted = (value === null || Number.isFinite(value)) && Number.isInteger(stalled) && stalled >= 0;
  if (!(sound && halted))
    throw new FormatError("checkpoint/state", "the checkpoint's run state is malformed");
  const state = raw as RunState;
  // The optimizer is plain data: whatever it says of its rate must be at hand.
  useFormulas();
  usePlateaus();
  return {
    ...state,
    objectives: checkObjectives(state.objectives, model),
    optimizer: checkOptimizer(state.optimizer),
    plateau: checkPlateau(state.plateau),
  };
}

/** Losses and metrics, each a checked recording at an output that the model has. */
function checkObjectives(raw: readonly RecordedObjective[], model: Model): RecordedObjective[] {
  const { outputs } = lowerModel(new GraphBuilder(), model, "train");
  return raw.map((entry) => {
    const shape = outputs.get(entry?.output)?.shape;
    const { target, metrics, weight } = entry ?? {};
    const sound =
      shape &&
      Array.isArray(metrics) &&
      typeof entry.name === "string" &&
      typeof weight === "number" &&
      Number.isFinite(weight) &&
      (entry.reduction === "mean" || entry.reduction === "sum") &&
      (target === null || (isShape(target?.shape) && ["f32", "i32"].includes(target.dtype)));
    if (!sound) throw new FormatError("checkpoint/state", "the checkpoint's run state has a malformed loss");
    const inputs = [{ shape, dtype: "f32" as const }, ...(target ? [target] : [])];
    return {
      ...{ output: entry.output, name: entry.name, reduction: entry.reduction, weight, target },
      loss: checkRecorded(entry.loss, inputs, [[N], [N]]),
      metrics: metrics.map(({ name, graph }) => ({
        name: String(name),
        graph: checkRecorded(graph, inputs, [[]]),
      })),
    };
  });
}
