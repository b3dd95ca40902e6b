// Explanations against arithmetic written out here in f64, against the trainer's own gradients and its own step.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  adam,
  conv2d,
  type DenseStep,
  dense,
  type Explanation,
  embedding,
  exampleNames,
  exampleText,
  explain,
  explanationText,
  flatten,
  type Loss,
  maxPool2d,
  mse,
  type Optimizer,
  relu,
  rescale,
  runExample,
  sequential,
  sgd,
  simpleRnn,
  softmaxCrossEntropy,
  updateMillion,
  type WeightStep,
} from "../../src/api.ts";
import { compare, differenceQuotient } from "../../src/explain/difference.ts";
import { numbers, testCore } from "../train/session.ts";

const core = testCore();
const sigma = (z: number) => 1 / (1 + Math.exp(-z));
const weightsOf = (e: Explanation): WeightStep[] =>
  e.layers.flatMap((layer) =>
    layer.kind === "dense" ? layer.neurons.flatMap((neuron) => neuron.weights) : layer.weights,
  );
const byName = (e: Explanation) => Object.fromEntries(weightsOf(e).map((w) => [w.name, w]));

describe("one linear neuron with inputs 1, 0, 1, target 1 and rate 0.1", () => {
  const { explanation: e, losses, rows } = runExample(core, "linear");
  const w = byName(e);

  test("forward, loss, gradients and update are what the hand calculation gives", () => {
    // y = 0.2·1 + 0.5·0 − 0.1·1 = 0.1; L = (0.1 − 1)² = 0.81; ∂L/∂w = 2(y − t)·x = −1.8·x; w ← w + 0.18·x
    expect(e.outputs[0]).toBeCloseTo(0.1, 6);
    expect(e.loss.value).toBeCloseTo(0.81, 6);
    expect(weightsOf(e).map((step) => step.gradient)).toEqual([
      expect.closeTo(-1.8, 5),
      expect.closeTo(0, 9),
      expect.closeTo(-1.8, 5),
    ]);
    expect([w["0.weight[0, 0]"]!.after, w["0.weight[0, 1]"]!.after, w["0.weight[0, 2]"]!.after]).toEqual([
      expect.closeTo(0.38, 6),
      expect.closeTo(0.5, 9),
      expect.closeTo(0.08, 6),
    ]);
    expect(e.lossAfter).toBeCloseTo(0.2916, 6);
    expect(e.layers[0]).toMatchObject({ activation: "linear", units: 1 });
  });

  test("every step makes the error 0.6 times what it was", () => {
    losses.forEach((loss, step) => {
      expect(loss).toBeCloseTo(0.81 * 0.36 ** step, 5);
    });
    expect(rows[0]!.after).toBeCloseTo(1 - 0.9 * 0.6 ** 10, 5);
  });
});

test("a 2-2-1 network: every number against f64 written out", () => {
  const { explanation: e } = runExample(core, "2-2-1");
  const [x1, x2, t, rate] = [0.05, 0.1, 0.01, 0.5];
  const z = [0.15 * x1 + 0.2 * x2 + 0.35, 0.25 * x1 + 0.3 * x2 + 0.35];
  const h = z.map(sigma);
  const zy = 0.4 * h[0]! + 0.45 * h[1]! + 0.6;
  const y = sigma(zy);
  const dy = 2 * (y - t);
  const deltaY = dy * y * (1 - y);
  const dh = [deltaY * 0.4, deltaY * 0.45];
  const delta = h.map((v, j) => dh[j]! * v * (1 - v));
  const [hidden, output] = e.layers as [DenseStep, DenseStep];
  const near = (got: number | undefined, want: number) =>
    expect(Math.abs(got! - want)).toBeLessThan(1e-6 * Math.max(1, Math.abs(want)));
  hidden.neurons.forEach((neuron, j) => {
    near(neuron.sum, z[j]!);
    near(neuron.output, h[j]!);
    near(neuron.dOutput, dh[j]!);
    near(neuron.slope, h[j]! * (1 - h[j]!));
    near(neuron.delta, delta[j]!);
    expect(neuron.through).toHaveLength(1);
    near(neuron.through[0]!.product, dh[j]!);
  });
  near(output.neurons[0]!.output, y);
  near(output.neurons[0]!.dOutput, dy);
  near(output.neurons[0]!.delta, deltaY);
  near(e.loss.value, (y - t) ** 2);
  const w = byName(e);
  const gradients: Record<string, number> = {
    "0.weight[0, 0]": delta[0]! * x1,
    "0.weight[0, 1]": delta[0]! * x2,
    "0.weight[1, 0]": delta[1]! * x1,
    "0.weight[1, 1]": delta[1]! * x2,
    "0.bias[1]": delta[1]!,
    "1.weight[0, 0]": deltaY * h[0]!,
    "1.weight[0, 1]": deltaY * h[1]!,
    "1.bias[0]": deltaY,
  };
  for (const [name, gradient] of Object.entries(gradients)) {
    near(w[name]!.gradient, gradient);
    near(w[name]!.after, w[name]!.value - rate * gradient);
  }
  // Known from textbooks: Mazur's example has these weights for its first output.
  expect(y).toBeCloseTo(0.75136507, 8);
});

describe.each(exampleNames)("%s", (name) => {
  const run = runExample(core, name);

  test("the factors multiply to the gradient, and differences agree", () => {
    for (const step of weightsOf(run.explanation)) {
      const product = step.factors.reduce((p, factor) => p * factor.value, 1);
      expect(product, step.symbol).toBeCloseTo(step.gradient, 5);
      expect(step.numeric.agrees, step.symbol).toBe(true);
      expect(step.numeric.error, step.symbol).toBeLessThan(1e-4);
    }
    expect(run.explanation.check.agreeing).toBe(run.explanation.check.compared);
  });

  test("training solves it, and the text shows every weight", () => {
    for (const { target, after } of run.rows) expect(Math.abs(after - target)).toBeLessThan(0.1);
    const text = exampleText(run);
    for (const step of weightsOf(run.explanation)) expect(text).toContain(step.symbol);
    expect(text).not.toMatch(/NaN|undefined|✗/);
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThan(140);
  });
});

interface Case {
  layers: Parameters<typeof sequential>[1];
  loss?: Loss;
  optimizer?: Optimizer;
  y?: ArrayLike<number>;
}

const cases: Record<string, Case> = {
  "relu as a layer of its own": { layers: [rescale(0.5), dense(5), relu(), dense(2)] },
  "softmax cross-entropy": {
    layers: [dense(4, { activation: "tanh" }), dense(3)],
    loss: softmaxCrossEntropy(),
    y: [2],
  },
  "softmax as an activation mixes neurons": { layers: [dense(3, { activation: "softmax" })], y: [1, 0, 0] },
  "Adam with momentum from earlier steps": {
    layers: [dense(3, { activation: "gelu" }), dense(2)],
    optimizer: adam({ learningRate: 0.01 }),
  },
};

test.each(Object.entries(cases))("the trainer's own gradients and step: %s", (_, given) => {
  const x = numbers(4, 5);
  const y = Float32Array.from(given.y ?? numbers(2, 6));
  const trainer = core.trainer(sequential([4], given.layers), {
    loss: given.loss ?? mse(),
    optimizer: given.optimizer ?? sgd({ learningRate: 0.2 }),
    batchSize: 1,
    seed: 2,
  });
  trainer.step(x, y);
  trainer.step(x, y);
  const before = trainer.saveCheckpoint();
  const e = explain(trainer, { x, y });
  expect(trainer.saveCheckpoint()).toEqual(before);
  const gradients = trainer.gradients(x, y);
  const old = trainer.getWeights();
  const { loss } = trainer.step(x, y);
  const after = trainer.getWeights();
  expect(e.loss.value).toBe(loss);
  const steps = weightsOf(e);
  expect(steps).toHaveLength(trainer.plan.parameters);
  for (const step of steps) {
    const [, parameter, at] = /^(.*)\[(.*)\]$/.exec(step.name)!;
    const { shape, data } = gradients[parameter!]!;
    const index = at!.split(", ").reduce((sum, i, axis) => sum * shape[axis]! + Number(i), 0);
    expect(step.gradient, step.name).toBe(data[index]);
    expect(step.value, step.name).toBe(old[parameter!]!.data[index]);
    expect(step.after, step.name).toBe(after[parameter!]!.data[index]);
    expect(step.numeric.agrees, step.name).toBe(true);
    const product = step.factors.reduce((p, factor) => p * factor.value, 1);
    expect(product, step.name).toBeCloseTo(step.gradient, 5);
  }
  expect(explanationText(e)).not.toMatch(/NaN|undefined/);
});

test("layers that are no neurons on a row are shown whole, with checked gradients", () => {
  const trainer = core.trainer(sequential([5], [embedding(9, 3), simpleRnn(4), dense(2)]), {
    loss: mse(),
    optimizer: sgd(),
    batchSize: 1,
  });
  const e = explain(trainer, { x: [1, 2, 3, 4, 8], y: [0.5, -0.5] });
  expect(e.layers.map(({ kind }) => kind)).toEqual(["other", "other", "dense"]);
  expect(e.check.compared).toBeGreaterThan(20);
  expect(e.check.agreeing).toBe(e.check.compared);
});

test("a network on images: the weights behind a flatten stand where files have them", () => {
  const layers = [conv2d(2, 3, { activation: "relu" }), maxPool2d(2), flatten(), dense(2)];
  const trainer = core.trainer(sequential([6, 6, 1], layers), {
    loss: mse(),
    optimizer: sgd({ learningRate: 0.3 }),
    batchSize: 1,
    seed: 3,
  });
  const [x, y] = [numbers(36), [0.5, -0.5]];
  const e = explain(trainer, { x, y });
  const gradients = trainer.gradients(x, y);
  trainer.step(x, y);
  const after = trainer.getWeights();
  const seen = new Set<string>();
  for (const step of weightsOf(e)) {
    const [, parameter, at] = /^(.*)\[(.*)\]$/.exec(step.name)!;
    const { shape, data } = gradients[parameter!]!;
    const index = at!.split(", ").reduce((sum, i, axis) => sum * shape[axis]! + Number(i), 0);
    expect(step.gradient, step.name).toBe(data[index]);
    expect(step.after, step.name).toBe(after[parameter!]!.data[index]);
    seen.add(parameter!);
  }
  expect([...seen].sort()).toEqual(["0.bias", "0.weight", "3.bias", "3.weight"]);
  expect(e.check.agreeing).toBe(e.check.compared);
});

test("of large layers the parts that matter most are listed, and the rest is counted", () => {
  const model = sequential([2, 40], [flatten(), dense(30, { activation: "relu" }), dense(10)]);
  const e = explain(
    model,
    { x: numbers(80), y: [3] },
    { core, loss: softmaxCrossEntropy(), most: 5, seed: 4 },
  );
  expect(e.layers[1]).toMatchObject({ layer: "dense (layers.1)", units: 30, omittedNeurons: 25 });
  const { neurons } = e.layers[1] as DenseStep;
  expect(neurons[0]).toMatchObject({ omittedTerms: 75 });
  expect(e.omittedInputs).toBe(60);
  expect(explanationText(e)).toContain("75 more terms");
});

test("what is no single row, and a model without a core, are refused", () => {
  const model = sequential([2], [dense(1)]);
  expect(() => explain(model, { x: [1, 2, 3, 4], y: [1, 2] }, { core })).toThrowError(
    expect.objectContaining({ code: "explain/rows" }),
  );
  expect(() => explain(model, { x: [1, 2, 3], y: [1] }, { core })).toThrowError(
    expect.objectContaining({ code: "data/length" }),
  );
  expect(() => explain(model, { x: [1, 2], y: [1] }, {} as never)).toThrowError(
    expect.objectContaining({ code: "explain/core" }),
  );
});

describe("differences", () => {
  test("find a derivative in f32, and a wrong gradient does not agree", () => {
    // d/dw e^w sin w = e^w (sin w + cos w)
    const f = (w: number) => Math.fround(Math.exp(w) * Math.sin(w));
    const at = 0.7;
    const exact = Math.exp(at) * (Math.sin(at) + Math.cos(at));
    const quotient = differenceQuotient((shift) => f(at + shift));
    expect(Math.abs(quotient.value - exact)).toBeLessThan(1e-5);
    expect(compare(exact, quotient).agrees).toBe(true);
    expect(compare(exact * 1.001, quotient).agrees).toBe(false);
    expect(compare(-exact, quotient).agrees).toBe(false);
  });

  test("near a kink take a step that stays on one side", () => {
    const quotient = differenceQuotient((shift) => Math.fround(Math.max(0, 0.02 + shift) * 3));
    expect(quotient.value).toBeCloseTo(3, 3);
  });
});

test("a million weights are updated in one call", () => {
  const { parameters, milliseconds, first, learningRate, lossBefore, lossAfter } = updateMillion(core);
  expect(parameters).toBe(1_000_000);
  expect(milliseconds).toBeGreaterThan(0);
  expect(first.after).toBeCloseTo(first.before - learningRate * first.gradient, 6);
  expect(lossAfter).toBeLessThan(lossBefore / 10);
});

test("docs/explain.md shows the text of the first example", () => {
  const page = readFileSync("docs/explain.md", "utf8");
  expect(page.match(/^```text\n(.*?)\n^```$/ms)?.[1]).toBe(exampleText(runExample(core, "linear")));
});
