// Losses and metrics are recorded as ops: a checkpoint goes on without the code that wrote them.
//
// Place: beside the losses. Invariant: a resumed trainer has the same bits as the one that was never interrupted.

import { describe, expect, test } from "vitest";

import { FormatError } from "../../src/errors.ts";
import { dense } from "../../src/layers/core-layers.ts";
import { categoricalFocal, multiMargin, softmaxCrossEntropy } from "../../src/losses/classes.ts";
import { customLoss, type Loss } from "../../src/losses/loss.ts";
import { binaryFocal, huber, logCosh, quantile } from "../../src/losses/losses.ts";
import { cosineSimilarity, gaussianNll, triplet } from "../../src/losses/pairs.ts";
import { accuracy } from "../../src/metrics/metrics.ts";
import { sequential } from "../../src/model.ts";
import { adam } from "../../src/optimizers/optimizers.ts";
import { Core } from "../../src/session.ts";
import { coreModule } from "../run-graph.ts";

const core = new Core(coreModule("simd"), {});
const ROWS = 12;
const x = Float32Array.from({ length: ROWS * 4 }, (_, i) => Math.sin(3 * i));
const values = (columns: number) => Float32Array.from({ length: ROWS * columns }, (_, i) => Math.cos(i) + 1);
const labels = Int32Array.from({ length: ROWS }, (_, i) => (i % 4 === 3 ? 9 : i % 3));

const cases: [string, Loss, number, Float32Array | Int32Array | number[]][] = [
  [
    "weighted classes with an ignored label",
    softmaxCrossEntropy({ classWeights: [1, 2, 3], ignoreLabel: 9, labelSmoothing: 0.1 }),
    3,
    labels,
  ],
  ["focal", categoricalFocal({ ignoreLabel: 9 }), 3, labels],
  ["margin", multiMargin({ ignoreLabel: 9, p: 2 }), 3, labels],
  ["binary focal", binaryFocal(), 1, Float32Array.from({ length: ROWS }, (_, i) => i % 2)],
  ["log-cosh", logCosh(), 2, values(2)],
  ["quantile", quantile(0.9), 2, values(2)],
  ["cosine", cosineSimilarity(), 3, values(3)],
  ["triplet without targets", triplet(), 6, []],
  ["gaussian", gaussianNll(), 2, values(1)],
  ["summed huber", huber({ reduction: "sum", delta: 0.3 }), 2, values(2)],
  [
    "custom",
    customLoss((ops, y, t) => ops.unary("square", ops.unary("square", ops.sub(y, t)))),
    2,
    values(2),
  ],
];

describe("a checkpoint holds its loss", () => {
  test.each(cases)("%s", async (_, loss, outputs, y) => {
    const model = sequential([4], [dense(5, { activation: "tanh" }), dense(outputs)]);
    const options = { loss, optimizer: adam({ learningRate: 0.01 }), batchSize: 4, seed: 3 };
    const whole = core.trainer(model, options);
    const history = await whole.fit({ x, y }, { epochs: 4 });
    expect(history.loss.every(Number.isFinite)).toBe(true);
    expect(history.loss.at(-1)).not.toBe(history.loss[0]);

    const first = core.trainer(model, options);
    await first.fit({ x, y }, { epochs: 4, budget: { steps: 5 } });
    const second = core.resume(first.saveCheckpoint());
    await second.fit({ x, y }, { epochs: 4 });
    expect(second.fingerprint()).toBe(whole.fingerprint());
    expect(second.evaluate({ x, y })).toEqual(whole.evaluate({ x, y }));
  });

  test("metrics too", () => {
    const model = sequential([4], [dense(3)]);
    const y = labels.map((l) => l % 3);
    const trainer = core.trainer(model, {
      loss: softmaxCrossEntropy(),
      optimizer: adam(),
      metrics: [accuracy()],
    });
    const resumed = core.resume(trainer.saveCheckpoint());
    expect(resumed.evaluate({ x, y })).toEqual(trainer.evaluate({ x, y }));
    expect(Object.keys(resumed.evaluate({ x, y }))).toEqual(["loss", "accuracy"]);
  });
});

describe("a malformed recording is refused", () => {
  const tamper = (change: (text: string) => string): Uint8Array => {
    const trainer = core.trainer(sequential([4], [dense(2)]), { loss: huber(), optimizer: adam() });
    const bytes = trainer.saveCheckpoint();
    const header = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
    const text = new TextDecoder().decode(bytes.subarray(8, 8 + header)).trimEnd();
    const changed = change(text);
    expect(changed).not.toBe(text);
    const head = new TextEncoder().encode(changed.padEnd(Math.ceil(changed.length / 8) * 8));
    const out = new Uint8Array(8 + head.length + bytes.length - 8 - header);
    new DataView(out.buffer).setBigUint64(0, BigInt(head.length), true);
    out.set(head, 8);
    out.set(bytes.subarray(8 + header), 8 + head.length);
    return out;
  };
  test.each([
    ["an unknown op", (t: string) => t.replace('\\"op\\":\\"binary\\"', '\\"op\\":\\"update\\"')],
    ["an unknown function", (t: string) => t.replace('\\"fn\\":\\"huber\\"', '\\"fn\\":\\"constructor\\"')],
    [
      "an input that does not exist yet",
      (t: string) => t.replace('\\"inputs\\":[0,1]', '\\"inputs\\":[0,9]'),
    ],
    ["another optimizer", (t: string) => t.replace('\\"kind\\":\\"adam\\"', '\\"kind\\":\\"evil\\"')],
    ["a rate below 0", (t: string) => t.replace('\\"learningRate\\":0.001', '\\"learningRate\\":-1')],
  ])("%s", (_, change) => {
    expect(() => core.resume(tamper(change))).toThrow(FormatError);
  });
});

describe("bad options", () => {
  test.each([
    ["negative class weights", () => softmaxCrossEntropy({ classWeights: [1, -1] })],
    ["smoothing above 1", () => softmaxCrossEntropy({ labelSmoothing: 1.5 })],
    ["a quantile of 0", () => quantile(0)],
    ["an unknown reduction", () => logCosh({ reduction: "none" as "mean" })],
  ])("%s", (_, make) => {
    expect(make).toThrow(/must be/);
  });

  test("class weights that do not fit the output", () => {
    expect(() =>
      core.trainer(sequential([4], [dense(3)]), {
        loss: softmaxCrossEntropy({ classWeights: [1, 2] }),
        optimizer: adam(),
      }),
    ).toThrow(/classWeights has 2 numbers/);
  });
});
