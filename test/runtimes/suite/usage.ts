// The public API as a user meets it: train, evaluate, save, load, predict, and what bad input answers.
//
// Place: the shared suite. Invariant: only the package's own entries are used.

import { accuracy, adam, dense, loadCore, loadModel, mse, sequential, softmaxCrossEntropy } from "edgegrad";
import { drawDigits } from "edgegrad/data";
import { loadCore as loadPredictCore } from "edgegrad/predict";

import { assert, assertClose, assertEqual, assertThrows, type Case } from "./case.ts";

const xor = { x: Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1), y: Float32Array.of(0, 1, 1, 0) };
const xorModel = () => sequential([2], [dense(8, { activation: "tanh" }), dense(1)]);
const xorOptions = { loss: mse(), optimizer: adam({ learningRate: 0.05 }), batchSize: 4, seed: 1 };

export const usageCases: readonly Case[] = [
  {
    name: "learns XOR step by step",
    run: async () => {
      using trainer = (await loadCore()).trainer(xorModel(), xorOptions);
      for (let step = 0; step < 500; step++) trainer.step(xor.x, xor.y);
      const output = trainer.predict(xor.x) as Float32Array;
      xor.y.forEach((target, row) => {
        assertClose(output[row]!, target, 0.1, `row ${row}`);
      });
    },
  },
  {
    name: "learns drawn digits",
    run: async () => {
      const { x, y } = drawDigits({ count: 1500, seed: 3 });
      const model = sequential([784], [dense(32, { activation: "relu" }), dense(10)]);
      using trainer = (await loadCore()).trainer(model, {
        loss: softmaxCrossEntropy(),
        optimizer: adam({ learningRate: 1e-3 }),
        metrics: [accuracy()],
      });
      const scaled = Float32Array.from(x, (byte) => byte / 255);
      await trainer.fit({ x: scaled.subarray(0, 1200 * 784), y: y.subarray(0, 1200) }, { epochs: 8 });
      const report = trainer.evaluate({ x: scaled.subarray(1200 * 784), y: y.subarray(1200) });
      assert(report.accuracy! > 0.7, `accuracy on unseen digits: expected above 0.7, got ${report.accuracy}`);
    },
  },
  {
    name: "a saved model predicts the same bits, from either entry",
    run: async () => {
      const core = await loadCore();
      using trainer = core.trainer(xorModel(), xorOptions);
      await trainer.fit(xor, { epochs: 20 });
      const file = trainer.saveModel();
      const expected = trainer.predict(xor.x);
      assertEqual(core.predictor(file).predict(xor.x), expected, "edgegrad");
      assertEqual((await loadPredictCore()).predictor(file).predict(xor.x), expected, "edgegrad/predict");
      const { model, weights } = loadModel(file);
      using copy = core.trainer(model, { ...xorOptions, weights });
      assertEqual(copy.fingerprint(), trainer.fingerprint(), "fingerprint");
    },
  },
  {
    name: "bad input answers with typed errors",
    run: async () => {
      const core = await loadCore();
      using trainer = core.trainer(xorModel(), xorOptions);
      const before = trainer.fingerprint();
      await assertThrowsTyped(() => trainer.step(new Float32Array(3), new Float32Array(1)), "ShapeError");
      await assertThrowsTyped(
        () => core.trainer(xorModel(), { ...xorOptions, nope: 1 } as never),
        "ConfigError",
      );
      await assertThrowsTyped(() => core.predictor(new Uint8Array(5)), "FormatError");
      await assertThrowsTyped(() => loadCore({ wasm: new Uint8Array(4) }), "CoreError");
      await assertThrowsTyped(
        () => trainer.step(Float32Array.of(Number.NaN, 0), Float32Array.of(1)),
        undefined,
      );
      assertEqual(trainer.fingerprint(), before, "weights after refused input");
    },
  },
  {
    name: "a disposed trainer refuses to go on",
    run: async () => {
      const trainer = (await loadCore()).trainer(xorModel(), xorOptions);
      trainer.dispose();
      await assertThrowsTyped(() => trainer.predict(xor.x), "StateError");
    },
  },
];

/** Fails unless an EdgegradError (of the given class) comes, with a code and a message that says something. */
async function assertThrowsTyped(action: () => unknown, className: string | undefined): Promise<void> {
  const error = await assertThrows(action);
  if (className !== undefined) assertEqual(error.name, className, error.message);
  assert(typeof (error as { code?: unknown }).code === "string", `expected a code in ${String(error)}`);
}
