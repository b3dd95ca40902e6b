/**
 * Convolution with four images as lanes against the plain kernels, bit for bit: both keep the same order of sums.
 * Invariant proved here: batches with every rest, tiles, padding and channels change nothing, and no image sees another.
 */
import { describe, expect, it } from "vitest";
import { ConvAlgorithm } from "../../src/abi-image.ts";
import { type ConvKind, type ConvShape, convAlgorithm } from "../../src/ops/convolution-algorithm.ts";
import { convShape, integer, numbers, operands, random, runConv } from "./conv-reference.ts";
import { firstDifference, TapeCore, variants } from "./tape-core.ts";

function randomShape(kind: ConvKind): ConvShape {
  for (;;) {
    const [kernelH, kernelW] = [integer(1, 5), integer(1, 5)];
    const pad = (kernel: number) => integer(0, kernel - 1);
    const shape = convShape({
      ...{ n: integer(1, 9), h: integer(1, 11), w: integer(1, 14), kernelH, kernelW },
      ...{ c: integer(1, 9), f: integer(1, 12) },
      ...{ padTop: pad(kernelH), padLeft: pad(kernelW), padBottom: pad(kernelH), padRight: pad(kernelW) },
    });
    if (shape.outH > 0 && shape.outW > 0 && convAlgorithm(kind, shape, true) === ConvAlgorithm.Lanes)
      return shape;
  }
}

const LENET = {
  forward: convShape({ n: 5, h: 28, w: 28, c: 1, f: 6, kernelH: 5, kernelW: 5 }),
  inputGrad: convShape({ n: 6, h: 12, w: 12, c: 6, f: 16, kernelH: 5, kernelW: 5 }),
};

describe.each(variants)("convolution with images as lanes, %s core", (variant) => {
  const core = new TapeCore(variant);

  it.each(["forward", "inputGrad"] as const)("%s has the bits of the plain kernel", (kind) => {
    const shapes = [LENET[kind], ...Array.from({ length: 120 }, () => randomShape(kind))];
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
});
