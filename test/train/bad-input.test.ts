// Bad input: a typed error that names what is wrong, and weights that are as they were.

import { describe, expect, it } from "vitest";
import {
  accuracy,
  adam,
  add,
  dense,
  EdgegradError,
  embedding,
  flatten,
  functional,
  loadModel,
  mse,
  reshape,
  sequential,
  sgd,
  softmaxCrossEntropy,
} from "../../src/api.ts";
import type { Trainer } from "../../src/train/trainer.ts";
import { numbers, testCore } from "./session.ts";

const classifier = (options = {}): Trainer =>
  testCore().trainer(sequential([4], [dense(8, { activation: "relu" }), dense(3)]), {
    loss: softmaxCrossEntropy(),
    optimizer: adam(),
    metrics: [accuracy()],
    batchSize: 8,
    seed: 1,
    ...options,
  });

/** The error of a call, which must be one of ours. */
function failure(action: () => unknown): EdgegradError {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(EdgegradError);
    return error as EdgegradError;
  }
  throw new Error("expected an error");
}

const labels = Int32Array.of(0, 1, 2, 0, 1, 2, 0, 1);

describe("data", () => {
  const cases: [name: string, code: string, message: RegExp, run: (t: Trainer) => unknown][] = [
    [
      "x of a broken row",
      "data/length",
      /x: expected a multiple of 4 values/,
      (t) => t.step(numbers(31), labels),
    ],
    [
      "fewer labels than rows",
      "data/rows",
      /y: expected 8 rows.*got 7/,
      (t) => t.step(numbers(32), labels.slice(1)),
    ],
    ["no rows", "data/empty", /at least one row/, (t) => t.step(new Float32Array(0), new Int32Array(0))],
    [
      "more rows than batchSize",
      "step/rows",
      /at most batchSize = 8 rows, got 9/,
      (t) => t.step(numbers(36), new Int32Array(9)),
    ],
    ["no y", "data/missing", /y: expected a flat array/, (t) => t.step(numbers(32), undefined as never)],
    [
      "a label of 2.5",
      "data/integer",
      /y: expected integers, got 2.5 at index 1/,
      (t) => t.step(numbers(8), [0, 2.5]),
    ],
    [
      "a label out of range",
      "data/index",
      /y has 3 in row 1, expected an integer from 0 to 2/,
      (t) => t.step(numbers(8), Int32Array.of(0, 3)),
    ],
    ["a negative label", "data/index", /y has -1 in row 0/, (t) => t.step(numbers(8), Int32Array.of(-1, 0))],
    [
      "NaN in x",
      "data/not-finite",
      /x: row 1 has NaN at position 2/,
      (t) => t.step([1, 2, 3, 4, 5, 6, Number.NaN, 8], Int32Array.of(0, 1)),
    ],
    [
      "Infinity in x",
      "data/not-finite",
      /x: row 0 has -Infinity at position 0/,
      (t) => t.step([-Infinity, 2, 3, 4], Int32Array.of(0)),
    ],
    ["NaN in prediction", "data/not-finite", /x: row 0 has NaN/, (t) => t.predict([Number.NaN, 0, 0, 0])],
    [
      "out of another length",
      "predict/out",
      /out must hold 3 values, has 2/,
      (t) => t.predict(numbers(4), { out: new Float32Array(2) }),
    ],
    [
      "lengths for a model without time",
      "data/lengths",
      /no input with a time length/,
      (t) => t.step(numbers(4), [0], { lengths: [1] }),
    ],
  ];
  it.each(cases)("%s", (_, code, message, run) => {
    using trainer = classifier();
    const before = trainer.fingerprint();
    const error = failure(() => run(trainer));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(trainer.fingerprint()).toBe(before);
    expect(trainer.steps).toBe(0);
    // The trainer is as good as before.
    expect(trainer.step(numbers(32), labels).loss).toBeGreaterThan(0);
  });

  it("names the row of the data set, not of the batch, in fit", async () => {
    using trainer = classifier();
    const y = Int32Array.from({ length: 40 }, (_, i) => (i === 29 ? 7 : i % 3));
    await expect(trainer.fit({ x: numbers(160), y }, { epochs: 1 })).rejects.toThrow(/y has 7 in row 29/);
  });

  it("an embedding index that is out of range", () => {
    const model = sequential([3], [embedding(5, 2), flatten(), dense(1)]);
    using trainer = testCore().trainer(model, { loss: mse(), optimizer: sgd(), batchSize: 2 });
    const error = failure(() => trainer.step([0, 1, 2, 3, 9, 4], [0, 1]));
    expect(error.message).toMatch(
      /embedding \(layers\.0\): x has 9 in row 1, expected an integer from 0 to 4/,
    );
  });
});

describe("divergence", () => {
  it("stops in its step, changes nothing and names the layer", () => {
    const model = sequential([2], [dense(4, { name: "first" }), dense(1, { name: "second" })]);
    using trainer = testCore().trainer(model, { loss: mse(), optimizer: adam(), batchSize: 2 });
    trainer.step([1, 2, 3, 4], [1, 2]);
    const huge = trainer.getWeights();
    const weights = { ...huge, "second.weight": { shape: [1, 4], data: new Float32Array(4).fill(3e38) } };
    trainer.setWeights(weights);
    const before = trainer.saveCheckpoint();
    const error = failure(() => trainer.step([1e3, 2e3, 3e3, 4e3], [1, 2]));
    expect(error.code).toBe("train/not-finite");
    expect(error.message).toMatch(/dense \(layers\.second\)/);
    expect(trainer.saveCheckpoint()).toEqual(before);
  });

  it("ends a fit with the reason and the error", async () => {
    const model = sequential([1], [dense(1)]);
    using trainer = testCore().trainer(model, {
      loss: mse(),
      optimizer: sgd({ learningRate: 1e18 }),
      batchSize: 4,
    });
    const data = { x: numbers(16), y: numbers(16, 2) };
    const history = await trainer.fit(data, { epochs: 50 });
    expect(history.reason).toBe("diverged");
    expect(history.error?.code).toBe("train/not-finite");
    expect(Object.values(trainer.getWeights()).every((w) => w.data.every(Number.isFinite))).toBe(true);
  });
});

describe("configuration", () => {
  const model = sequential([4], [dense(3)]);
  const good = { loss: mse(), optimizer: sgd() };
  const cases: [string, RegExp, () => unknown][] = [
    [
      "an unknown trainer option",
      /unknown option "batchsize"/,
      () => testCore().trainer(model, { ...good, batchsize: 3 } as never),
    ],
    [
      "batchSize 0",
      /batchSize must be a positive whole number, got 0/,
      () => testCore().trainer(model, { ...good, batchSize: 0 }),
    ],
    ["no loss", /expected a loss/, () => testCore().trainer(model, { optimizer: sgd() } as never)],
    [
      "a loss for an unknown output",
      /no output "z"/,
      () => testCore().trainer(model, { ...good, loss: { z: mse() } }),
    ],
    [
      "a freeze pattern that fits nothing",
      /no layer with parameters matches "conv\*"/,
      () => testCore().trainer(model, { ...good, freeze: ["conv*"] }),
    ],
    [
      "a plan over maxBytes",
      /over maxBytes = 0\.1 MB/,
      () => testCore({ maxBytes: 1e5 }).trainer(model, good),
    ],
    ["an unknown layer option", /dense: unknown option "unit"/, () => dense(3, { unit: 4 } as never)],
    [
      "an unknown activation",
      /unknown activation "rely"/,
      () => sequential([4], [dense(3, { activation: "rely" as never })]),
    ],
    ["units 0", /option "units" must be a positive whole number/, () => sequential([4], [dense(0)])],
    [
      "a reshape that does not fit",
      /reshape \(layers\.0\): expected input with 5·2 values per row, got \[N, 4\]/,
      () => sequential([4], [reshape([5, 2])]),
    ],
    [
      "two layers of one name",
      /two layers are called "a"/,
      () => sequential([4], [dense(2, { name: "a" }), dense(2, { name: "a" })]),
    ],
    [
      "integers expected",
      /embedding \(layers\.1\): expected input of integers/,
      () => sequential([4], [dense(3), embedding(4, 4)]),
    ],
    [
      "branches that do not fit",
      /binary|add.*broadcast/,
      () => functional({ a: [3], b: [4] }, ({ a, b }) => add()(a, b)),
    ],
    ["a negative rate", /learningRate must be a finite number ≥ 0/, () => sgd({ learningRate: -1 })],
    ["nesterov without momentum", /nesterov needs a momentum/, () => sgd({ nesterov: true })],
  ];
  it.each(cases)("%s", (_, message, run) => {
    expect(failure(run).message).toMatch(message);
  });
});

describe("weights and files", () => {
  it("setWeights is strict", () => {
    using trainer = classifier();
    const weights = trainer.getWeights();
    const { "0.bias": _, ...fewer } = weights;
    expect(failure(() => trainer.setWeights(fewer)).message).toMatch(/"0.bias" is missing/);
    expect(failure(() => trainer.setWeights({ ...weights, extra: weights["0.bias"]! })).message).toMatch(
      /no tensor "extra"/,
    );
    const wrong = { shape: [4, 8], data: new Float32Array(32) };
    expect(failure(() => trainer.setWeights({ ...weights, "0.weight": wrong })).message).toMatch(
      /must be \[8, 4\], got \[4, 8\]/,
    );
  });

  it("every truncation of a checkpoint, and every changed byte of its payload, is refused", () => {
    using trainer = classifier();
    trainer.step(numbers(32), labels);
    const bytes = trainer.saveCheckpoint();
    for (let length = 0; length < bytes.length; length += 13)
      expect(failure(() => testCore().resume(bytes.slice(0, length))).name).toBe("FormatError");
    for (let at = bytes.length - 1; at > bytes.length - 200; at -= 7) {
      const damaged = bytes.slice();
      damaged[at]! ^= 0x40;
      expect(failure(() => testCore().resume(damaged)).code).toBe("model/digest");
    }
  });

  it("a model file is no checkpoint, plain weights are no model", () => {
    using trainer = classifier();
    expect(failure(() => testCore().resume(trainer.saveModel())).message).toMatch(/no checkpoint/);
    const text = new TextDecoder("latin1")
      .decode(trainer.saveModel())
      .replace("edgegrad.graph", "edgegrad.grapX");
    const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
    expect(failure(() => loadModel(bytes)).message).toMatch(/plain weights, not a model/);
  });

  it("hostile graphs in a file are refused", () => {
    using trainer = classifier();
    const text = new TextDecoder("latin1").decode(trainer.saveModel());
    const attacks: [from: string, to: string][] = [
      ['\\"op\\":\\"dense\\"', '\\"op\\":\\"dance\\"'],
      ['\\"layer\\":1', '\\"layer\\":9'],
      ['\\"version\\":1', '\\"version\\":7'],
      ['\\"inputs\\":[0]', '\\"inputs\\":[8]'],
      ['\\"units\\":8', '\\"units\\":9'],
    ];
    for (const [from, to] of attacks) {
      expect(text).toContain(from);
      const bytes = Uint8Array.from(text.replace(from, to), (c) => c.charCodeAt(0));
      expect(failure(() => loadModel(bytes)).name, to).toBe("FormatError");
    }
  });
});

describe("state", () => {
  it("use after dispose", async () => {
    const trainer = classifier();
    trainer.dispose();
    expect(failure(() => trainer.step(numbers(32), labels)).code).toBe("trainer/disposed");
    expect(failure(() => trainer.predict(numbers(4))).code).toBe("trainer/disposed");
    expect(failure(() => trainer.saveModel()).code).toBe("trainer/disposed");
    await expect(trainer.fit({ x: numbers(32), y: labels })).rejects.toThrow(/disposed/);
  });

  it("a second run at once, and a step during a run", async () => {
    using trainer = classifier({ sliceFlops: 1 });
    const data = { x: numbers(320), y: Int32Array.from({ length: 80 }, (_, i) => i % 3) };
    for await (const _ of trainer.run(data, { epochs: 2 })) {
      expect(failure(() => trainer.step(numbers(32), labels)).code).toBe("trainer/busy");
      await expect(trainer.fit(data)).rejects.toThrow(/under way/);
      expect(trainer.predict(numbers(4))).toHaveLength(3);
      break;
    }
    // break leaves it resumable
    expect((await trainer.fit(data, { epochs: 2 })).reason).toBe("done");
  });

  it("goes on only with the data it began with", async () => {
    using trainer = classifier({ sliceFlops: 1 });
    const data = { x: numbers(320), y: Int32Array.from({ length: 80 }, (_, i) => i % 3) };
    await trainer.fit(data, { epochs: 2, budget: { steps: 3 } });
    const resumed = testCore().resume(trainer.saveCheckpoint());
    await expect(resumed.fit({ ...data, x: numbers(320, 9) }, { epochs: 2 })).rejects.toThrow(/other data/);
    expect((await resumed.fit(data, { epochs: 2 })).reason).toBe("done");
  });
});
