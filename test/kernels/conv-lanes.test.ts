/**
 * Convolution with four images or pixels as lanes against the plain kernels, bit for bit: both keep the same order of sums, the
 * gradient of the weights lane by lane.
 * Invariant proved here: batches with every rest, tiles, padding and channels change nothing, and no image sees another.
 */
import { describe, expect, it } from "vitest";
import { ConvAlgorithm } from "../../src/abi-image.ts";
import { type ConvKind, type ConvShape, convAlgorithm } from "../../src/ops/convolution-algorithm.ts";
import { convShape, integer, numbers, type Operands, operands, random, runConv } from "./conv-reference.ts";
import { firstDifference, TapeCore, variants } from "./tape-core.ts";

function randomShape(kind: ConvKind): ConvShape {
  for (;;) {
    // Of images of one channel, pixels are the lanes of wide rows.
    const single = kind === "forward" && random() < 0.4;
    const [kernelH, kernelW] = [integer(1, 5), integer(1, single ? 8 : 5)];
    const pad = (kernel: number) => integer(0, kernel - 1);
    const shape = convShape({
      // Twelve images go together, then four, then the rest.
      ...{ n: integer(1, 29), h: integer(1, 11), w: integer(1, single ? 30 : 14), kernelH, kernelW },
      ...{ c: single ? 1 : integer(1, 9), f: integer(1, 12) },
      ...{ padTop: pad(kernelH), padLeft: pad(kernelW), padBottom: pad(kernelH), padRight: pad(kernelW) },
    });
    if (shape.outH > 0 && shape.outW > 0 && convAlgorithm(kind, shape, true) === ConvAlgorithm.Lanes)
      return shape;
  }
}

function randomGradShape(): ConvShape {
  for (;;) {
    const [kernelH, kernelW] = [integer(1, 5), integer(1, 5)];
    const pad = (kernel: number) => integer(0, kernel - 1);
    const shape = convShape({
      ...{ n: integer(1, 9), h: integer(1, 13), w: integer(1, 14), kernelH, kernelW },
      ...{ c: integer(1, 7), f: integer(1, 11), strideY: integer(1, 2), strideX: integer(1, 2) },
      ...{ dilationY: integer(1, 2), padTop: pad(kernelH), padLeft: pad(kernelW) },
      ...{ padBottom: pad(kernelH), padRight: pad(kernelW) },
    });
    if (shape.outH > 0 && shape.outW > 0) return shape;
  }
}

/** The images n = lane, lane + 4, … as a batch of their own; of none, one image of zeros. */
function everyFourth(shape: ConvShape, data: Operands, lane: number): { shape: ConvShape; data: Operands } {
  const n = Math.ceil((shape.n - lane) / 4);
  const pick = (values: Float32Array) => {
    const size = values.length / shape.n;
    const picked = new Float32Array(Math.max(n, 1) * size);
    for (let i = 0; i < n; i++)
      picked.set(values.subarray((4 * i + lane) * size, (4 * i + lane + 1) * size), i * size);
    return picked;
  };
  return { shape: { ...shape, n: Math.max(n, 1) }, data: { ...data, x: pick(data.x), dy: pick(data.dy) } };
}

const LENET = {
  forward: convShape({ n: 5, h: 28, w: 28, c: 1, f: 6, kernelH: 5, kernelW: 5 }),
  inputGrad: convShape({ n: 18, h: 12, w: 12, c: 6, f: 16, kernelH: 5, kernelW: 5 }),
};

// Twelve of them take more than stays near.
const LARGE = convShape({ n: 13, h: 40, w: 40, c: 6, f: 9, kernelH: 3, kernelW: 3, padTop: 1, padLeft: 1 });

describe.each(variants)("convolution with images or pixels as lanes, %s core", (variant) => {
  const core = new TapeCore(variant);

  it.each(["forward", "inputGrad"] as const)("%s has the bits of the plain kernel", (kind) => {
    const shapes = [LENET[kind], LARGE, ...Array.from({ length: 120 }, () => randomShape(kind))];
    for (const shape of shapes) {
      const data = operands(shape);
      const channels = kind === "inputGrad" ? shape.c : shape.f;
      const bias = random() < 0.5 ? numbers(channels) : undefined;
      const mask = kind === "inputGrad" && random() < 0.5 ? numbers(data.x.length) : undefined;
      const options = { relu: random() < 0.5, ...(bias && { bias }), ...(mask && { mask }) };
      const [plain] = runConv(core, kind, ConvAlgorithm.Plain, shape, data, options);
      const [lanes] = runConv(core, kind, ConvAlgorithm.Lanes, shape, data, options);
      expect(firstDifference(lanes, plain), `${kind} ${JSON.stringify(shape)}`).toBe(-1);
    }
  });

  it("weightGrad sums every fourth image as the plain kernel does, and then the four sums", () => {
    const shapes = [LENET.forward, LENET.inputGrad, ...Array.from({ length: 120 }, randomGradShape)];
    for (const shape of shapes) {
      const data = operands(shape);
      const sums = [0, 1, 2, 3].map((lane) => {
        const part = everyFourth(shape, data, lane);
        return runConv(core, "weightGrad", ConvAlgorithm.Plain, part.shape, part.data)[0];
      }) as [Float32Array, Float32Array, Float32Array, Float32Array];
      const { fround } = Math;
      const [s0, s1, s2, s3] = sums;
      const expected = s0.map((_, i) => fround(s0[i]! + s2[i]!) + fround(s1[i]! + s3[i]!));
      const [lanes, db] = runConv(core, "weightGrad", ConvAlgorithm.Lanes, shape, data);
      const [plain, plainDb] = runConv(core, "weightGrad", ConvAlgorithm.Plain, shape, data);
      const where = JSON.stringify(shape);
      expect(firstDifference(lanes, shape.n < 4 ? plain : expected), where).toBe(-1);
      expect(firstDifference(db, plainDb), where).toBe(-1);
    }
  });
});
