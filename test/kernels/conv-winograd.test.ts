/**
 * Winograd's convolution against the plain kernels and, for its error, against f64.
 * Invariant proved here: it stays within the error that the design promises, and a sample's bits do not depend on its batch.
 */
import { describe, expect, it } from "vitest";
import { ConvAlgorithm } from "../../src/abi-image.ts";
import { type ConvKind, type ConvShape, convAlgorithm } from "../../src/ops/convolution-algorithm.ts";
import {
  convShape,
  integer,
  numbers,
  operands,
  random,
  reference,
  relativeError,
  runConv,
} from "./conv-reference.ts";
import { firstDifference, TapeCore, variants } from "./tape-core.ts";

const { Plain, Winograd } = ConvAlgorithm;
const kinds: readonly ConvKind[] = ["forward", "inputGrad", "weightGrad"];

function randomShape(): ConvShape {
  return convShape({
    ...{ n: integer(1, 3), h: integer(3, 19), w: integer(3, 19), c: 4 * integer(1, 5), f: 4 * integer(1, 5) },
    ...{ padTop: integer(0, 2), padLeft: integer(0, 2), padBottom: integer(0, 2), padRight: integer(0, 2) },
  });
}

/** Root mean square of the error over that of what is expected. */
function relativeRms(actual: Float32Array, expected: Float64Array): number {
  let [error, size] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    error += (actual[i]! - expected[i]!) ** 2;
    size += expected[i]! ** 2;
  }
  return Math.sqrt(error / size);
}

describe.each(variants)("Winograd convolution, %s core", (variant) => {
  const core = new TapeCore(variant);

  it.each(kinds)("%s agrees with the plain kernel over random shapes", (kind) => {
    for (let i = 0; i < 40; i++) {
      const shape = randomShape();
      const data = operands(shape);
      const channels = kind === "inputGrad" ? shape.c : shape.f;
      const mask = kind === "inputGrad" && random() < 0.5 ? numbers(data.x.length) : undefined;
      const options = {
        relu: random() < 0.5,
        ...(random() < 0.5 && { bias: numbers(channels) }),
        ...(mask && { mask }),
      };
      const [plain, plainBias] = runConv(core, kind, Plain, shape, data, options);
      const [fast, fastBias] = runConv(core, kind, Winograd, shape, data, options);
      const where = `${kind} ${JSON.stringify(shape)}`;
      // relu and mask cut, so where plain is 0 and Winograd nearly 0 the difference is still small
      expect(relativeError(fast, Float64Array.from(plain)), where).toBeLessThan(3e-5);
      expect(firstDifference(fastBias, plainBias), where).toBe(-1);
    }
  });

  it("stays under a relative RMS error of 2e-6 against f64, at the sizes of the benchmark's network", () => {
    for (const [c, f, size] of [
      [32, 32, 12],
      [64, 64, 8],
    ] as const) {
      const shape = convShape({ n: 1, h: size, w: size, c, f, padTop: 1, padLeft: 1 });
      const data = operands(shape);
      const expected = reference(shape, data);
      for (const [kind, values] of [
        ["forward", expected.y],
        ["inputGrad", expected.dx],
        ["weightGrad", expected.dw],
      ] as const) {
        expect(convAlgorithm(kind, shape)).toBe(Winograd);
        expect(relativeRms(runConv(core, kind, Winograd, shape, data)[0], values), kind).toBeLessThan(2e-6);
      }
    }
  });

  it("gives a sample the same bits in every batch", () => {
    // 15 tiles an image, so that blocks of 64 begin inside of images
    const shape = convShape({ n: 9, h: 10, w: 18, c: 8, f: 4, padTop: 1, padLeft: 1 });
    const data = operands(shape);
    const part = (values: Float32Array, i: number) =>
      values.slice((i * values.length) / 9, ((i + 1) * values.length) / 9);
    for (const kind of ["forward", "inputGrad"] as const) {
      const [all] = runConv(core, kind, Winograd, shape, data);
      for (const i of [1, 4, 8]) {
        const one = { ...data, x: part(data.x, i), dy: part(data.dy, i) };
        const [alone] = runConv(core, kind, Winograd, { ...shape, n: 1 }, one);
        expect(firstDifference(alone, part(all, i))).toBe(-1);
      }
    }
  });
});
