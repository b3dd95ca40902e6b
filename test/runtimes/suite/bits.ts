// The promise that equal model, data and seed give equal bits: in every host, however a run is cut.
//
// Place: the shared suite. Invariant: fingerprints.ts was recorded once, in Node; every host must match it.

import type { Core, Trainer } from "edgegrad";
import { loadCore } from "edgegrad";

import { assert, assertEqual, type Case } from "./case.ts";
import { fingerprints } from "./fingerprints.ts";
import { rows, type SmallModel, smallModels, values } from "./models.ts";

const steps = 200;

function trainerOf(core: Core, { model, options }: SmallModel, more: object = {}): Trainer {
  return core.trainer(model, { ...options, ...more });
}

const epochs = Math.ceil((steps * 16) / rows) + 1;

/** The fingerprint after 200 steps of `run`. */
export async function fingerprintOf(core: Core, small: SmallModel, more: object = {}): Promise<string> {
  using trainer = trainerOf(core, small, more);
  await trainer.fit(small.data, { epochs, budget: { steps } });
  assertEqual(trainer.steps, steps, "steps");
  return trainer.fingerprint();
}

const recorded: Case[] = smallModels.map((small) => ({
  name: `200 steps give the recorded weights: ${small.name}`,
  run: async () => {
    assertEqual(await fingerprintOf(await loadCore(), small), fingerprints[small.name], small.name);
  },
}));

const resumed: Case[] = smallModels.map((small) => ({
  name: `saved at step 50 and resumed by another core, the weights are the same: ${small.name}`,
  run: async () => {
    using first = trainerOf(await loadCore(), small);
    await first.fit(small.data, { epochs, budget: { steps: 50 } });
    using second = (await loadCore()).resume(first.saveCheckpoint());
    await second.fit(small.data, { epochs, budget: { steps: steps - 50 } });
    assertEqual(second.fingerprint(), fingerprints[small.name], small.name);
  },
}));

const sliced: Case[] = smallModels.map((small) => ({
  name: `slices of 1 and 7 steps change no bit: ${small.name}`,
  run: async () => {
    const core = await loadCore();
    using probe = trainerOf(core, small);
    const { flopsPerStep } = probe.plan;
    for (const slice of [1, 7, steps]) {
      const actual = await fingerprintOf(core, small, { sliceFlops: flopsPerStep * slice });
      assertEqual(actual, fingerprints[small.name], `slices of ${slice}`);
    }
  },
}));

const staged: Case[] = smallModels.map((small) => ({
  name: `staging little or nothing at a time changes no bit: ${small.name}`,
  run: async () => {
    for (const stageBytes of [0, 4096]) {
      const actual = await fingerprintOf(await loadCore({ stageBytes }), small);
      assertEqual(actual, fingerprints[small.name], `stageBytes ${stageBytes}`);
    }
  },
}));

const forward: Case = {
  name: "the forward bits of a row are the same in batches of 1 to 67",
  run: async () => {
    const core = await loadCore();
    const { model, options } = smallModels[1]!;
    using reference = core.trainer(model, { ...options, batchSize: 67 });
    const file = reference.saveModel();
    const x = values(67 * 8, 11);
    const whole = reference.predict(x) as Float32Array;
    for (let batchSize = 1; batchSize <= 67; batchSize++) {
      using predictor = core.predictor(file, { batchSize });
      assertEqual(predictor.predict(x), whole, `batchSize ${batchSize}`);
      const part = predictor.predict(x.subarray(0, batchSize * 8)) as Float32Array;
      assertEqual(part, whole.slice(0, batchSize * 2), `${batchSize} rows`);
    }
  },
};

const fast: Case = {
  name: "fast: true trains too",
  run: async () => {
    const small = smallModels[1]!;
    using trainer = trainerOf(await loadCore({ fast: true }), small);
    const { loss } = trainer.evaluate(small.data);
    await trainer.fit(small.data, { epochs: 200 });
    assert(trainer.evaluate(small.data).loss < loss / 2, "the loss should have halved");
  },
};

export const bitCases: readonly Case[] = [...recorded, ...resumed, ...sliced, ...staged, forward, fast];
