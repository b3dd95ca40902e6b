// A network built to have each fault is found out, with figures, layer and remedy; healthy networks stay quiet.

import { describe, expect, test } from "vitest";
import {
  accuracy,
  adam,
  batchNorm,
  binaryCrossEntropy,
  conv2d,
  type DataSet,
  type DiagnoseOptions,
  dense,
  diagnose,
  type Finding,
  type FindingCode,
  flatten,
  type Layer,
  type Loss,
  maxPool2d,
  mse,
  type Optimizer,
  rescale,
  sequential,
  sgd,
  simpleRnn,
  softmaxCrossEntropy,
  type Trainer,
} from "../../src/api.ts";
import { numbers, testCore } from "../train/session.ts";

/** Nearly normal numbers: sums of twelve even ones. */
function normals(count: number, seed = 1): Float32Array {
  const even = numbers(count * 12, seed);
  return Float32Array.from({ length: count }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < 12; k++) sum += even[i * 12 + k]!;
    return sum / 2;
  });
}

interface Classes {
  x: Float32Array;
  y: Int32Array;
}

/** Clouds around a centre for each class, in `columns` dimensions. */
function clouds(rows: number, columns: number, classes: number, seed = 1, spread = 0.8): Classes {
  const centres = normals(classes * columns, 99);
  const noise = normals(rows * columns, seed);
  const y = Int32Array.from({ length: rows }, (_, i) => i % classes);
  const x = Float32Array.from(
    noise,
    (v, i) => spread * v + centres[y[Math.floor(i / columns)]! * columns + (i % columns)]!,
  );
  return { x, y };
}

interface Case {
  readonly input?: number;
  readonly layers: readonly Layer[];
  readonly loss?: Loss;
  readonly optimizer?: Optimizer;
  readonly data: DataSet;
  readonly seed?: number;
  readonly batchSize?: number;
  readonly epochs?: number;
  readonly options?: DiagnoseOptions;
}

async function examine(given: Case): Promise<{ findings: readonly Finding[]; trainer: Trainer }> {
  const { input = 8, layers, data, epochs = 0, options = {} } = given;
  const trainer = testCore().trainer(sequential([input], layers), {
    loss: given.loss ?? softmaxCrossEntropy(),
    optimizer: given.optimizer ?? adam({ learningRate: 5e-3 }),
    batchSize: given.batchSize ?? 32,
    seed: given.seed ?? 1,
  });
  const { validation } = options;
  const history =
    epochs > 0 ? await trainer.fit(data, { epochs, ...(validation && { validation }) }) : undefined;
  const before = trainer.fingerprint();
  const { findings } = await diagnose(trainer, data, { ...options, ...(history && { history }) });
  expect(trainer.fingerprint()).toBe(before);
  return { findings, trainer };
}

const codes = (findings: readonly Finding[]) => findings.map((finding) => finding.code);

/** The finding with this code; it must have figures and a remedy. */
function found(findings: readonly Finding[], code: FindingCode): Finding {
  const finding = findings.find((f) => f.code === code);
  expect(finding, `${code} among ${JSON.stringify(findings, null, 1)}`).toBeDefined();
  expect(finding!.message).toMatch(/\d/);
  expect(Object.keys(finding!.evidence).length).toBeGreaterThan(0);
  expect(finding!.remedy.length).toBeGreaterThan(20);
  return finding!;
}

const stack = (depth: number, activation: "sigmoid" | "tanh" | "relu", more: object = {}): Layer[] => [
  ...Array.from({ length: depth }, () => dense(16, { activation, ...more })),
  dense(3),
];

describe("faults", () => {
  test("vanishing gradients: ten sigmoid layers", async () => {
    const { findings } = await examine({ layers: stack(10, "sigmoid"), data: clouds(256, 8, 3) });
    const finding = found(findings, "vanishing-gradients");
    expect(finding.layer).toBe("dense (layers.0)");
    expect(finding.evidence.ratio as number).toBeLessThan(1e-3);
    expect((finding.evidence.gradients as number[]).length).toBe(11);
  });

  test("exploding gradients: ten layers with weights that are too large", async () => {
    const kernelInitializer = { name: "normal", mean: 0, stddev: 1 } as const;
    const { findings } = await examine({
      layers: stack(8, "relu", { kernelInitializer }),
      data: clouds(256, 8, 3),
    });
    const finding = found(findings, "exploding-gradients");
    expect(finding.layer).toBe("dense (layers.0)");
    expect(finding.evidence.ratio as number).toBeGreaterThan(300);
  });

  test("dead units: biases that hold every ReLU at 0", async () => {
    const biasInitializer = { name: "constant", value: -20 } as const;
    const { findings } = await examine({
      layers: [
        dense(16, { activation: "relu" }),
        dense(16, { activation: "relu", biasInitializer }),
        dense(3),
      ],
      data: clouds(256, 8, 3),
    });
    const finding = found(findings, "dead-units");
    expect(finding.layer).toBe("dense (layers.1)");
    expect(finding.evidence).toMatchObject({ dead: 16, units: 16, rows: 256 });
  });

  test("saturated activations: tanh of sums in the hundreds", async () => {
    const { x, y } = clouds(256, 8, 3);
    const { findings } = await examine({
      layers: [rescale(200), dense(16, { activation: "tanh" }), dense(3)],
      data: { x, y },
    });
    const finding = found(findings, "saturated-activations");
    expect(finding.layer).toBe("dense (layers.1)");
    expect(finding.evidence.share as number).toBeGreaterThan(0.9);
  });

  test("a loss that does not fall: weights that all start at 0", async () => {
    const zeros = { kernelInitializer: "zeros" as const };
    const { x, y } = clouds(258, 8, 3);
    const { findings } = await examine({
      layers: [dense(16, { activation: "relu", ...zeros }), dense(3, zeros)],
      data: { x, y },
      epochs: 4,
    });
    found(findings, "loss-not-falling");
    expect(codes(findings)).not.toContain("learning-rate-low");
  });

  test("a loss that does not fall: inputs that say nothing", async () => {
    const { x, y } = clouds(258, 8, 3);
    const { findings } = await examine({
      layers: [dense(16, { activation: "tanh" }), dense(3, { kernelInitializer: "zeros" })],
      data: { x: new Float32Array(x.length).fill(1), y },
      epochs: 3,
    });
    found(findings, "loss-not-falling");
  });

  test.each([
    ["Adam with rate 3", adam({ learningRate: 3 })],
    ["SGD with rate 30", sgd({ learningRate: 30, momentum: 0.9 })],
  ])("a rate that is too high: %s", async (_, optimizer) => {
    const { findings } = await examine({
      layers: [dense(16, { activation: "tanh" }), dense(3)],
      optimizer,
      data: clouds(256, 8, 3, 1, 2),
    });
    const finding = found(findings, "learning-rate-high");
    expect(finding.evidence.learningRate).toBe(optimizer.learningRate);
  });

  test("a rate that is too high for a line: squared error diverges", async () => {
    const x = normals(256 * 8);
    const y = Float32Array.from({ length: 256 }, (_, i) => x[i * 8]! - 2 * x[i * 8 + 1]!);
    const { findings } = await examine({
      layers: [dense(1)],
      loss: mse(),
      optimizer: sgd({ learningRate: 3 }),
      data: { x, y },
    });
    found(findings, "learning-rate-high");
  });

  test("a rate that was too high: the units are dead, the curve tells why", async () => {
    const x = numbers(400 * 6, 3);
    const y = Int32Array.from({ length: 400 }, (_, i) => Math.floor((x[6 * i]! + 1) * 5.99));
    const { findings } = await examine({
      input: 6,
      layers: [dense(24, { activation: "relu" }), dense(12)],
      optimizer: adam({ learningRate: 3 }),
      data: { x, y },
      epochs: 12,
    });
    expect(codes(findings)[0]).toBe("learning-rate-high");
    found(findings, "dead-units");
  });

  test("a rate that is too low", async () => {
    const { findings } = await examine({
      layers: [dense(16, { activation: "relu" }), dense(3)],
      optimizer: adam({ learningRate: 1e-6 }),
      data: clouds(256, 8, 3),
    });
    const finding = found(findings, "learning-rate-low");
    expect(finding.remedy).toMatch(/near 0\.001/);
  });

  test("unscaled inputs: one column in the thousands", async () => {
    const { x, y } = clouds(256, 8, 3);
    for (let i = 5; i < x.length; i += 8) x[i] = 4000 + 300 * x[i]!;
    const { findings } = await examine({
      layers: [dense(16, { activation: "relu" }), dense(3)],
      data: { x, y },
    });
    const finding = found(findings, "unscaled-inputs");
    expect(finding).toMatchObject({
      layer: "dense (layers.0)",
      evidence: { column: 5, above: 1, columns: 8 },
    });
  });

  test("unscaled inputs: bytes; quiet where the model scales them", async () => {
    const { x, y } = clouds(256, 8, 3);
    const bytes = Uint8Array.from(x, (v) => Math.max(0, Math.min(255, 128 + 30 * v)));
    const raw = await examine({
      layers: [dense(16, { activation: "relu" }), dense(3)],
      data: { x: bytes, y },
    });
    found(raw.findings, "unscaled-inputs");
    for (const first of [rescale(1 / 255), batchNorm()]) {
      const scaled = await examine({
        layers: [first, dense(16, { activation: "relu" }), dense(3)],
        data: { x: bytes, y },
      });
      expect(codes(scaled.findings)).not.toContain("unscaled-inputs");
    }
  });

  test("class imbalance: one row in a hundred", async () => {
    const { x } = clouds(1000, 8, 3, 1, 2);
    const y = Float32Array.from({ length: 1000 }, (_, i) => Number(i % 100 === 0));
    const layers = [dense(8, { activation: "relu" }), dense(1)];
    const plain = await examine({ layers, loss: binaryCrossEntropy(), data: { x, y }, epochs: 2 });
    const finding = found(plain.findings, "class-imbalance");
    expect(finding.evidence).toMatchObject({ counts: [990, 10], rarest: 1, recall: 0 });
    const weighted = await examine({
      layers,
      loss: binaryCrossEntropy({ positiveWeight: 99 }),
      data: { x, y },
    });
    expect(codes(weighted.findings)).not.toContain("class-imbalance");
    const sampleWeights = y.map((label) => (label ? 99 : 1));
    const rows = await examine({ layers, loss: binaryCrossEntropy(), data: { x, y, sampleWeights } });
    expect(codes(rows.findings)).not.toContain("class-imbalance");
  });

  test("class imbalance of integer labels", async () => {
    const { x } = clouds(600, 8, 3);
    const y = Int32Array.from({ length: 600 }, (_, i) => (i % 60 === 0 ? 2 : i % 2));
    const layers = [dense(8, { activation: "relu" }), dense(3)];
    const { findings } = await examine({ layers, data: { x, y } });
    expect(found(findings, "class-imbalance").evidence).toMatchObject({ rarest: 2 });
    const weighted = await examine({
      layers,
      loss: softmaxCrossEntropy({ classWeights: [1, 1, 30] }),
      data: { x, y },
    });
    expect(codes(weighted.findings)).not.toContain("class-imbalance");
  });

  test("training and validation part: a large network learns noise by heart", async () => {
    const rows = 96;
    const labels = (seed: number) => Int32Array.from(numbers(rows, seed), (v) => Math.floor((v + 1) * 1.499));
    const data = { x: normals(rows * 8, 5), y: labels(6) };
    const validation = { x: normals(rows * 8, 7), y: labels(8) };
    const layers = [dense(64, { activation: "relu" }), dense(64, { activation: "relu" }), dense(3)];
    const { findings } = await examine({ layers, data, epochs: 60, options: { validation } });
    const finding = found(findings, "overfitting");
    expect(finding.evidence.validation as number).toBeGreaterThan(finding.evidence.train as number);
  });

  test("values that are not finite: in the data, with row and column", async () => {
    const { x, y } = clouds(256, 8, 3);
    x[8 * 77 + 3] = Number.NaN;
    const { findings } = await examine({ layers: [dense(3)], data: { x, y } });
    expect(found(findings, "not-finite").evidence).toMatchObject({
      tensor: "x",
      row: 77,
      column: 3,
      count: 1,
    });
  });

  test("values that are not finite: the op that overflows first", async () => {
    const { x, y } = clouds(256, 8, 3);
    const { findings } = await examine({
      // Values near 1e20 are finite, values near 1e40 are not.
      layers: [rescale(1e20), dense(8, { activation: "relu" }), rescale(1e20), dense(3)],
      data: { x, y },
      options: { trialSteps: 0 },
    });
    const finding = found(findings, "not-finite");
    expect(finding.layer).toBe("rescale (layers.2)");
    expect(finding.evidence.op).toBe("affine");
  });

  test("a run that diverged: its error is the first finding", async () => {
    const x = normals(256 * 8);
    const y = Float32Array.from({ length: 256 }, (_, i) => x[i * 8]! * 3);
    const { findings } = await examine({
      layers: [dense(1)],
      loss: mse(),
      optimizer: sgd({ learningRate: 40 }),
      data: { x, y },
      epochs: 30,
    });
    expect(codes(findings)[0]).toBe("not-finite");
    expect(findings[0]!.message).toMatch(/epoch/);
  });
});

describe.each([1, 2, 3])("healthy networks stay quiet, seed %i", (seed) => {
  const validation = clouds(128, 8, 3, seed + 40);
  const classes = clouds(512, 8, 3, seed);
  const hard = clouds(512, 8, 3, seed, 2.5);
  const line = (rows: number, s: number): DataSet => {
    const x = normals(rows * 8, s);
    const noise = normals(rows, s + 1000);
    return {
      x,
      y: Float32Array.from(
        { length: rows },
        (_, i) => x[i * 8]! - 0.5 * x[i * 8 + 3]! ** 2 + 0.3 * noise[i]!,
      ),
    };
  };
  const healthy: Record<string, Case> = {
    "relu classifier": { layers: [dense(32, { activation: "relu" }), dense(3)], data: classes },
    "relu classifier of overlapping classes": {
      layers: [dense(32, { activation: "relu" }), dense(3)],
      data: hard,
    },
    "six relu layers": { layers: stack(6, "relu", { kernelInitializer: "heNormal" }), data: classes },
    "tanh with SGD": {
      layers: [dense(16, { activation: "tanh" }), dense(3)],
      optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
      data: classes,
    },
    "sigmoid, two layers": {
      layers: [dense(16, { activation: "sigmoid" }), dense(3)],
      optimizer: adam({ learningRate: 0.02 }),
      data: classes,
    },
    "batch normalization": {
      layers: [dense(16), batchNorm(), dense(16, { activation: "relu" }), dense(3)],
      data: classes,
    },
    "binary decisions": {
      layers: [dense(16, { activation: "relu" }), dense(1)],
      loss: binaryCrossEntropy(),
      data: { x: classes.x, y: Float32Array.from(classes.y, (label) => Number(label === 1)) },
    },
    regression: { layers: [dense(32, { activation: "relu" }), dense(1)], loss: mse(), data: line(512, seed) },
  };

  test.each(Object.entries(healthy))("%s: fresh", async (_, given) => {
    const { findings } = await examine({ ...given, seed });
    expect(findings).toEqual([]);
  });

  test.each(Object.entries(healthy))("%s: after 3 epochs", async (name, given) => {
    const held =
      name === "regression"
        ? line(128, seed + 70)
        : name.startsWith("relu classifier of")
          ? clouds(128, 8, 3, seed + 40, 2.5)
          : validation;
    const matching = name === "binary decisions" ? {} : { options: { validation: held } };
    const { findings } = await examine({ ...given, seed, epochs: 3, ...matching });
    expect(findings).toEqual([]);
  });

  test.each(Object.entries(healthy).filter(([name]) => !/overlap|regression/.test(name)))(
    "%s: after 40 epochs",
    async (_, given) => {
      const { findings } = await examine({ ...given, seed, epochs: 40 });
      expect(findings).toEqual([]);
    },
  );

  test("exclusive or, learned", async () => {
    const x = Float32Array.from({ length: 64 }, (_, i) => (i >> (i % 2 ? 1 : 2)) & 1);
    const y = Float32Array.from({ length: 32 }, (_, i) => x[2 * i]! ^ x[2 * i + 1]!);
    const { findings } = await examine({
      input: 2,
      layers: [dense(8, { activation: "tanh" }), dense(1)],
      loss: binaryCrossEntropy(),
      optimizer: adam({ learningRate: 0.05 }),
      data: { x, y },
      seed,
      epochs: 100,
    });
    expect(findings).toEqual([]);
  });
});

test("a recurrent network is looked at like any other", async () => {
  const rows = 128;
  const x = normals(rows * 6 * 2);
  const y = Float32Array.from({ length: rows }, (_, i) => x[i * 12 + 10]! + x[i * 12 + 8]!);
  const trainer = testCore().trainer(sequential([6, 2], [simpleRnn(12), dense(1)]), {
    loss: mse(),
    optimizer: adam({ learningRate: 5e-3 }),
    metrics: [accuracy()],
    seed: 1,
  });
  const { findings, layers } = await diagnose(trainer, { x, y });
  expect(findings).toEqual([]);
  expect(layers.map(({ layer }) => layer)).toEqual(["simpleRnn (layers.0)", "dense (layers.1)"]);
  const loud = testCore().trainer(sequential([6, 2], [rescale(100), simpleRnn(12), dense(1)]), {
    loss: mse(),
    optimizer: adam({ learningRate: 5e-3 }),
    seed: 1,
  });
  const broken = await diagnose(loud, { x, y });
  expect(found(broken.findings, "saturated-activations").layer).toBe("simpleRnn (layers.1)");
  x[13] = Infinity;
  expect(found((await diagnose(loud, { x, y })).findings, "not-finite").evidence).toMatchObject({ row: 1 });
});

test("a network on images is looked at like any other", async () => {
  const rows = 96;
  const x = normals(rows * 64);
  const y = Int32Array.from({ length: rows }, (_, i) => i % 3);
  // A bright square in a corner of its own for each class.
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < 9; k++) x[64 * i + 8 * (2 * y[i]! + Math.floor(k / 3)) + 2 * y[i]! + (k % 3)]! += 2;
  const layers = [conv2d(6, 3, { activation: "relu" }), maxPool2d(2), flatten(), dense(3)];
  const trainer = testCore().trainer(sequential([8, 8, 1], layers), {
    loss: softmaxCrossEntropy(),
    optimizer: adam({ learningRate: 5e-3 }),
    seed: 1,
  });
  const { findings, layers: seen } = await diagnose(trainer, { x, y });
  expect(findings).toEqual([]);
  expect(seen[0]).toMatchObject({ layer: "conv2d (layers.0)", units: 6, dead: 0 });
  const dead = [
    conv2d(6, 3, { activation: "relu", biasInitializer: { name: "constant", value: -50 } }),
    flatten(),
    dense(3),
  ];
  const broken = await diagnose(
    testCore().trainer(sequential([8, 8, 1], dead), { loss: softmaxCrossEntropy(), optimizer: adam() }),
    { x, y },
  );
  expect(found(broken.findings, "dead-units")).toMatchObject({
    layer: "conv2d (layers.0)",
    evidence: { dead: 6 },
  });
});
