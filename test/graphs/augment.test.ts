// The augmentation ops in a graph: the core against the interpreter, gradients against central differences, and as layers.
//
// Place: beside the random graphs. Invariant proved here: forward and backward draw the same, and prediction draws nothing.

import { describe, expect, test } from "vitest";
import {
  dense,
  flatten,
  gaussianNoise,
  type Model,
  mse,
  randomBrightness,
  randomContrast,
  randomCrop,
  randomFlip,
  randomRotation,
  randomShift,
  sequential,
  sgd,
} from "../../src/api.ts";
import { gradients } from "../../src/autodiff/gradients.ts";
import { StateError } from "../../src/errors.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { defined } from "../../src/graph/defined.ts";
import type { AnyNode } from "../../src/graph/ops.ts";
import { addNoise, movePixels, rotatePictures, toneRows } from "../../src/ops/augment.ts";
import { N } from "../../src/shape.ts";
import { disagreement } from "../reference/agreement.ts";
import { interpret } from "../reference/interpreter.ts";
import { runOnCore, VARIANTS } from "../run-graph.ts";
import { testCore } from "../train/session.ts";
import { Draw } from "./draw.ts";
import { disagreements } from "./finite-differences.ts";

const binding = { batch: 5, time: 1 };
const random = { seed: [0x299f31d0, 0xa4093822], step: [41, 0] } as const;

const still = { size: null, minY: 0, rangeY: 1, minX: 0, rangeX: 1, flipY: false, flipX: false, fill: 0 };
const ops: { readonly [name: string]: (b: GraphBuilder, x: AnyNode) => AnyNode } = {
  shift: (b, x) =>
    defined(b, movePixels, [x], { ...still, minY: -2, rangeY: 5, minX: -1, rangeX: 3, stream: 3 }),
  flip: (b, x) => defined(b, movePixels, [x], { ...still, flipX: true, flipY: true, stream: 4 }),
  crop: (b, x) =>
    defined(b, movePixels, [x], {
      ...still,
      size: [4, 3],
      minY: -1,
      rangeY: 5,
      rangeX: 4,
      fill: 1,
      stream: 5,
    }),
  brightness: (b, x) => defined(b, toneRows, [x], { brightness: 0.5, contrast: 0, stream: 6 }),
  contrast: (b, x) => defined(b, toneRows, [x], { brightness: 0.5, contrast: 0.4, stream: 7 }),
  noise: (b, x) => defined(b, addNoise, [x], { deviation: 0.3, stream: 8 }),
  rotation: (b, x) => defined(b, rotatePictures, [x], { turns: 0.1, fill: 0.5, stream: 9 }),
};

/** op(x·p)² summed, so that the gradient of p goes through the op and depends on its value. */
function graphOf(name: string) {
  const draw = new Draw(7);
  const b = new GraphBuilder();
  const x = b.add("input", [], { name: "x", role: "x", shape: [N, 6, 6, 2], dtype: "f32" });
  const p = b.add("parameter", [], { name: "p", shape: [6, 6, 2] });
  const y = ops[name]!(b, b.mul(x, p));
  const loss = b.reduceAll("sumSquares", y);
  const normals = (n: number) => Float64Array.from({ length: n }, () => Math.fround(draw.normal()));
  return { graph: b, y, loss, wanted: [p], feeds: { x: normals(5 * 72), p: normals(72) }, binding, random };
}

describe.each(Object.keys(ops))("%s", (name) => {
  test("the core agrees with the interpreter", () => {
    const { graph, y, loss, wanted, feeds } = graphOf(name);
    const grads = name === "rotation" ? [] : gradients(graph, loss, wanted);
    const outputs = [y, loss, ...grads];
    const want = interpret(graph, feeds, outputs, { binding, random });
    // Something happened, and not the same to every row.
    const plain = interpret(graph, feeds, [graph.at(y.inputs[0]!)], { binding, random })[0]!.data;
    expect(want[0]!.data).not.toEqual(plain);
    for (const variant of VARIANTS) {
      const got = runOnCore(graph, feeds, outputs, { binding, random, variant });
      outputs.forEach((_, i) => {
        // A position of a turned pixel is off by about 1e-6 pixels.
        const tolerance = name === "rotation" ? 2e-5 : 4e-6;
        expect(disagreement(got[i]!.data, want[i]!.data, tolerance), `${variant} ${i}`).toBeUndefined();
      });
    }
  });

  if (name === "rotation")
    test("says that it has no gradient", () => {
      const { graph, loss, wanted } = graphOf(name);
      expect(() => gradients(graph, loss, wanted)).toThrow(StateError);
    });
  else
    test("gradients agree with central differences", () => {
      const g = graphOf(name);
      const grads = gradients(g.graph, g.loss, g.wanted);
      expect(disagreements({ ...g, grads, seed: 3 } as never)).toEqual([]);
    });
});

describe("layers", () => {
  const layers = () => [
    randomShift(2),
    randomShift({ horizontal: 1 }, { fill: 0.5 }),
    randomFlip("both"),
    randomRotation(15),
    randomBrightness(0.2),
    randomContrast(0.3),
    gaussianNoise(0.1),
    randomCrop([6, 6], { padding: 2 }),
  ];
  const model = () => sequential([8, 7, 1], [...layers(), flatten(), dense(2)]);
  const data = () => {
    const draw = new Draw(2);
    const n = 12;
    return {
      x: Float32Array.from({ length: n * 56 }, () => draw.normal()),
      y: Float32Array.from({ length: n * 2 }, () => draw.normal()),
    };
  };
  const trainerOf = (of: Model, seed = 1) =>
    testCore().trainer(of, {
      loss: mse(),
      optimizer: sgd({ learningRate: 0.01 }),
      batchSize: 4,
      seed,
    });

  test("prediction draws nothing: the middle of the picture goes into the first layer with weights", async () => {
    const { x, y } = data();
    const trainer = trainerOf(model());
    await trainer.fit({ x, y }, { epochs: 2 });
    const plain = trainerOf(sequential([6, 6, 1], [flatten({ name: "8" }), dense(2, { name: "9" })]));
    plain.setWeights(trainer.getWeights());
    const middle = Float32Array.from({ length: 12 * 36 }, (_, i) => {
      const [n, row, column] = [Math.floor(i / 36), Math.floor((i % 36) / 6), i % 6];
      return x[n * 56 + (row + 1) * 7 + column]!;
    });
    expect(trainer.predict(x)).toEqual(plain.predict(middle));
    expect(trainer.predict(x)).toEqual(trainer.predict(x));
  });

  test("every step draws anew, by the seed; a resumed run draws what the whole one drew", async () => {
    const { x, y } = data();
    const losses = async (seed: number) => {
      const trainer = trainerOf(model(), seed);
      trainer.learningRate = 0;
      return [0, 1, 2].map(() => trainer.step(x.subarray(0, 4 * 56), y.subarray(0, 8)).loss);
    };
    const first = await losses(1);
    expect(new Set(first).size).toBe(3);
    expect(await losses(1)).toEqual(first);
    expect(await losses(2)).not.toEqual(first);

    const whole = trainerOf(model());
    await whole.fit({ x, y }, { epochs: 4 });
    const half = trainerOf(model());
    await half.fit({ x, y }, { epochs: 2 });
    const resumed = testCore().resume(half.saveCheckpoint());
    await resumed.fit({ x, y }, { epochs: 4 });
    expect(resumed.fingerprint()).toBe(whole.fingerprint());
  });

  test.each([
    ["randomShift", () => sequential([8], [randomShift(1)]), /randomShift \(layers\.0\).*\[N, H, W, C\]/],
    ["randomShift out of sight", () => sequential([4, 4, 1], [randomShift(4)]), /vertical.*0 to 3/],
    ["randomFlip", () => sequential([4, 4, 1], [randomFlip("up" as never)]), /direction/],
    ["randomCrop", () => sequential([4, 4, 1], [randomCrop([5, 4])]), /at least \[N, 5, 4, C\]/],
    ["randomRotation", () => sequential([4, 4, 1], [randomRotation(200)]), /degrees/],
    ["randomBrightness", () => sequential([4, 4, 1], [randomBrightness(-1)]), /strength/],
    ["randomContrast", () => sequential([4, 4, 1], [randomContrast(2)]), /strength/],
    ["gaussianNoise", () => sequential([4], [gaussianNoise(-1)]), /deviation/],
  ] as const)("%s refuses what does not fit", (_, make, message) => {
    expect(make).toThrow(message);
  });
});
