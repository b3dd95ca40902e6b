/**
 * The direct convolution kernels against the plain ones, bit for bit: both keep the same order of sums.
 * Invariant proved here: tiles, their tails and padding change nothing, and no image sees its neighbours.
 */
import { describe, expect, it } from "vitest";
import { ConvAlgorithm } from "../../src/abi-image.ts";
import type { ConvKind, ConvShape } from "../../src/ops/convolution-algorithm.ts";
import { convShape, integer, numbers, type Operands, operands, random, runConv } from "./conv-reference.ts";
import { firstDifference, TapeCore, variants } from "./tape-core.ts";

function randomShape(): ConvShape {
  for (;;) {
    const groups = [1, 1, 1, 2, 3][integer(0, 4)]!;
    const [kernelH, kernelW] = [integer(1, 5), integer(1, 5)];
    const dense = random() < 0.6;
    const step = () => (dense ? 1 : integer(1, 3));
    const shape = convShape({
      ...{ n: integer(1, 3), h: integer(1, 14), w: integer(1, 22), groups, kernelH, kernelW },
      ...{ c: groups * integer(1, 9), f: groups * integer(1, 18) },
      ...{ strideY: step(), strideX: step(), dilationY: step(), dilationX: step() },
      ...{ padTop: integer(0, 3), padLeft: integer(0, 3), padBottom: integer(0, 3), padRight: integer(0, 3) },
      ...(random() < 0.3 ? { padTop: 0, padLeft: 0, padBottom: 0, padRight: 0 } : {}),
    });
    if (shape.outH > 0 && shape.outW > 0) return shape;
  }
}

describe.each(variants)("direct convolution, %s core", (variant) => {
  const core = new TapeCore(variant);

  function compare(kind: ConvKind, shape: ConvShape, data: Operands, channels: number): void {
    const bias = random() < 0.5 ? numbers(channels) : undefined;
    const mask = kind === "inputGrad" && random() < 0.5 ? numbers(data.x.length) : undefined;
    const options = { relu: random() < 0.5, ...(bias && { bias }), ...(mask && { mask }) };
    const plain = runConv(core, kind, ConvAlgorithm.Plain, shape, data, options);
    const direct = runConv(core, kind, ConvAlgorithm.Direct, shape, data, options);
    const where = `${kind} ${JSON.stringify(shape)}`;
    expect(firstDifference(direct[0], plain[0]), where).toBe(-1);
    if (kind === "weightGrad") expect(firstDifference(direct[1], plain[1]), where).toBe(-1);
  }

  it.each(["forward", "inputGrad", "weightGrad"] as const)("%s has the bits of the plain kernel", (kind) => {
    const shapes = Array.from({ length: 150 }, randomShape);
    shapes.push(
      convShape({ n: 3, h: 5, w: 7, c: 9, f: 17, kernelH: 1, kernelW: 1 }),
      convShape({ n: 2, h: 1, w: 1, c: 5, f: 8, kernelH: 1, kernelW: 1 }),
      convShape({ n: 2, h: 28, w: 28, c: 1, f: 6, kernelH: 5, kernelW: 5 }),
      convShape({ n: 2, h: 12, w: 12, c: 6, f: 16, kernelH: 5, kernelW: 5 }),
    );
    for (const shape of shapes)
      compare(kind, shape, operands(shape), kind === "inputGrad" ? shape.c : shape.f);
  });

  it.each(["forward", "inputGrad", "weightGrad"] as const)("%s of depthwise convolution likewise", (kind) => {
    for (let i = 0; i < 40; ) {
      const groups = [4, 8, 12, 5][integer(0, 3)]!;
      const shape = convShape({
        ...{ n: integer(1, 3), h: integer(1, 9), w: integer(1, 9), groups, c: groups, f: groups },
        ...{ kernelH: integer(1, 4), kernelW: integer(1, 4), strideY: integer(1, 2), strideX: integer(1, 2) },
        ...{
          dilationY: integer(1, 2),
          dilationX: integer(1, 2),
          padTop: integer(0, 2),
          padLeft: integer(0, 2),
        },
      });
      if (shape.outH < 1 || shape.outW < 1) continue;
      compare(kind, shape, operands(shape), groups);
      i++;
    }
  });

  it("gives a sample the same bits in every batch", () => {
    const shape = convShape({ n: 3, h: 6, w: 7, c: 5, f: 6, padTop: 1, padLeft: 1 });
    const data = operands(shape);
    for (const kind of ["forward", "inputGrad"] as const) {
      const [all] = runConv(core, kind, ConvAlgorithm.Direct, shape, data);
      const part = (values: Float32Array) => values.slice(values.length / 3, (2 * values.length) / 3);
      const second = { ...data, x: part(data.x), dy: part(data.dy) };
      const [alone] = runConv(core, kind, ConvAlgorithm.Direct, { ...shape, n: 1 }, second);
      expect(firstDifference(alone, part(all))).toBe(-1);
    }
  });
});
