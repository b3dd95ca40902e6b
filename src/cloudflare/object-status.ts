// What a client sees of a model and its run.
//
// Place: answers of the object's routes. Invariant: reads only; nothing here changes state but loading what was stored.

import type { ExampleStore } from "./example-store.ts";
import type { Learner } from "./learner.ts";
import type { ModelRecord } from "./model-record.ts";
import type { Pace, RunRecord, TrainingRun } from "./training-run.ts";

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

export function statusOfRun(
  ...[run, { rate }, version]: [RunRecord | undefined, Pace, number]
): { state: string } & Record<string, unknown> {
  if (!run) return { state: "none", rate };
  const { attempt: _, lossSum, ...shown } = run;
  return { ...shown, loss: run.position > 0 ? lossSum / run.position : null, rate, version };
}

export const fileResponse = (bytes: Uint8Array, name: string, version: number) =>
  new Response(bytes as Uint8Array<ArrayBuffer>, {
    headers: {
      "content-type": "application/octet-stream",
      "content-disposition": `attachment; filename="${name}"`,
      "edgegrad-version": String(version),
    },
  });
