// What a client sees of a model and its run.
//
// Place: answers of the object's routes. Invariant: reads only; nothing here changes state but loading what was stored.

import { payloadOf, setDigest } from "../io/model-file.ts";
import type { FileKind } from "../train/state-stream.ts";
import type { CurrentVersion } from "./copy-store.ts";
import { digestOf } from "./digest.ts";
import type { ExampleStore } from "./example-store.ts";
import type { Learner } from "./learner.ts";
import type { ModelRecord } from "./model-record.ts";
import { release } from "./object-schema.ts";
import { sendPieces } from "./sent-states.ts";
import type { Pace, RunRecord, TrainingRun } from "./training-run.ts";

const SENT_BYTES = 1 << 18;

export function describeModel(
  ...[record, learner, examples, run]: [ModelRecord, Learner, ExampleStore, TrainingRun]
): object {
  const { name, graph, spec, snapshotEvery, plan } = record;
  const trainer = learner.trainer();
  return {
    ...{ name, version: learner.version, step: trainer.steps, fingerprint: trainer.fingerprint() },
    layers: graph.layers.map(({ name: layer, op }) => `${layer}: ${op}`),
    inputs: Object.fromEntries(graph.inputs.map(({ name: input, shape }) => [input, shape])),
    outputs: Object.keys(graph.outputs),
    ...{ training: spec, snapshotEvery, plan },
    examples: examples.status(record),
    journalled: learner.journalled,
    run: run.record?.state ?? null,
  };
}

/** What a copy must know of the model to be one. */
export function currentOf({ uid, spec }: ModelRecord, version: number): Omit<CurrentVersion, "checked"> {
  return { uid, version, timeSteps: spec.timeSteps };
}

export function statusOfRun(
  ...[run, { rate }, version]: [RunRecord | undefined, Pace, number]
): { state: string } & Record<string, unknown> {
  if (!run) return { state: "none", rate };
  const { attempt: _, lossSum, ...shown } = run;
  return { ...shown, loss: run.position > 0 ? lossSum / run.position : null, rate, version };
}

/** The model file as it is now, signed: in one buffer and no other. */
export async function modelFileOf(learner: Learner): Promise<{ body: ReadableStream; bytes: number }> {
  const file = learner.modelFile();
  const bytes = file.length;
  const payload = payloadOf(file);
  setDigest(file.subarray(0, bytes - payload.length), await digestOf(payload));
  const sent = () => true;
  return { body: sendPieces(bytes, cut(file), sent, () => {}), bytes };
}

function* cut(file: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < file.length; at += SENT_BYTES) yield file.subarray(at, at + SENT_BYTES);
  release(file);
}

export const fileResponse = (body: ReadableStream, kind: FileKind, version: number, bytes: number) =>
  new Response(body, {
    headers: {
      "content-type": "application/octet-stream",
      "content-disposition": `attachment; filename="${kind}.safetensors"`,
      "edgegrad-version": String(version),
      "content-length": String(bytes),
    },
  });
