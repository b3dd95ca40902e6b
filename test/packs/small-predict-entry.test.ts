// `edgegrad/predict` as an app loads it: plain dense networks by itself, others with the list that its error names.
//
// Place: Node; the files are written by modules that are forgotten before the entry is loaded, so that nothing is known
// that the entry did not bring. Invariant: predictions are those of the trainer, bit for bit.

import { beforeAll, beforeEach, expect, test, vi } from "vitest";
import type * as Predict from "../../src/platform/predict.ts";

const x = Float32Array.from({ length: 18 }, (_, i) => Math.sin(i));
const files = new Map<string, { file: Uint8Array; wanted: unknown }>();

beforeAll(async () => {
  const e = await import("../../src/platform/default.ts");
  const core = await e.loadCore();
  const models = {
    plain: e.sequential(
      [3],
      [
        e.rescale(0.5),
        e.dense(8, { activation: "relu" }),
        e.dropout(0.5),
        e.dense(4, { activation: "tanh" }),
      ],
    ),
    rarer: e.sequential([3], [e.dense(8, { activation: "softsign" }), e.softmax()]),
    branches: e.functional({ x: [3] }, ({ x: input }) =>
      e.batchNorm()(e.concat()(e.dense(4)(input), e.dense(4)(input))),
    ),
  };
  for (const [name, model] of Object.entries(models)) {
    const trainer = core.trainer(model, { loss: e.mse(), optimizer: e.sgd(), seed: 5 });
    files.set(name, { file: trainer.saveModel(), wanted: trainer.predict(x) });
  }
});

let entry: typeof Predict;
beforeEach(async () => {
  vi.resetModules();
  entry = await import("../../src/platform/predict.ts");
});

test("a plain dense network needs nothing", async () => {
  const { file, wanted } = files.get("plain")!;
  const predictor = (await entry.loadCore()).predictor(file);
  expect(predictor.predict(x)).toEqual(wanted);
});

test.each([
  ["rarer", "activationLayers"],
  ["branches", "vectorLayers"],
] as const)("%s: refused with what to write, then predicted with %s", async (name, list) => {
  const { file, wanted } = files.get(name)!;
  const core = await entry.loadCore();
  expect(() => core.predictor(file)).toThrow(/loadCore\(\{ layers: (allLayers|activationLayers) \}\)/);
  const more = await entry.loadCore({ layers: entry[list] });
  expect(more.predictor(file).predict(x)).toEqual(wanted);
});

test("the error of a missing layer is a FormatError with its code", async () => {
  const core = await entry.loadCore();
  expect(() => core.predictor(files.get("branches")!.file)).toThrow(
    expect.objectContaining({ name: "FormatError", code: "model/unknown-layer" }),
  );
});
