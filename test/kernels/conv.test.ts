/**
 * The plain convolution kernels against f64 loops, over random shapes of every kind.
 * Invariant proved here: the reference that the fast kernels are tested against is right.
 */
import { describe, expect, it } from "vitest";
import { ConvAlgorithm } from "../../src/abi-image.ts";
import {
  type ConvOptions,
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

function randomShape() {
  for (;;) {
    const groups = [1, 1, 2, 3][integer(0, 3)]!;
    const shape = convShape({
      ...{ n: integer(1, 3), h: integer(1, 9), w: integer(1, 9), groups },
      ...{
        c: groups * integer(1, 4),
        f: groups * integer(1, 5),
        kernelH: integer(1, 4),
        kernelW: integer(1, 4),
      },
      ...{
        strideY: integer(1, 3),
        strideX: integer(1, 3),
        dilationY: integer(1, 2),
        dilationX: integer(1, 2),
      },
      ...{ padTop: integer(0, 3), padLeft: integer(0, 3), padBottom: integer(0, 3), padRight: integer(0, 3) },
    });
    if (shape.outH > 0 && shape.outW > 0) return shape;
  }
}

const PLAIN = ConvAlgorithm.Plain;

describe.each(variants)("plain convolution, %s core", (variant) => {
  const core = new TapeCore(variant);

  it("agrees with f64 loops over random shapes, forward and both gradients", () => {
    for (let i = 0; i < 150; i++) {
      const shape = randomShape();
      const data = operands(shape);
      const expected = reference(shape, data);
      const where = JSON.stringify(shape);
      expect(relativeError(runConv(core, "forward", PLAIN, shape, data)[0], expected.y), where).toBeLessThan(
        1e-5,
      );
      expect(
        relativeError(runConv(core, "inputGrad", PLAIN, shape, data)[0], expected.dx),
        where,
      ).toBeLessThan(1e-5);
      const [dw, db] = runConv(core, "weightGrad", PLAIN, shape, data);
      expect(relativeError(dw, expected.dw), where).toBeLessThan(1e-5);
      expect(relativeError(db, expected.db), where).toBeLessThan(1e-5);
    }
  });

  it("adds the bias after the sum, cuts at 0, and masks", () => {
    const shape = convShape({ padTop: 1, padLeft: 1, f: 5, c: 3 });
    const data = operands(shape);
    const check = (kind: "forward" | "inputGrad", channels: number, options: ConvOptions) => {
      const [bare] = runConv(core, kind, PLAIN, shape, data);
      const [y] = runConv(core, kind, PLAIN, shape, data, options);
      const wanted = bare.map((v, i) => {
        const sum = Math.fround(v + options.bias![i % channels]!);
        return options.mask && !(options.mask[i]! > 0) ? 0 : sum < 0 ? 0 : sum;
      });
      expect(firstDifference(y, wanted)).toBe(-1);
      expect(wanted.some((v) => v > 0) && wanted.some((v) => v === 0)).toBe(true);
    };
    check("forward", shape.f, { bias: numbers(shape.f), relu: true });
    const mask = Float32Array.from({ length: data.x.length }, () => (random() < 0.5 ? 0 : random() - 0.2));
    mask[3] = Number.NaN;
    check("inputGrad", shape.c, { bias: numbers(shape.c), relu: true, mask });
  });

  it("keeps NaN", () => {
    const shape = convShape({ n: 1 });
    const data = operands(shape);
    data.x[0] = Number.NaN;
    const [y] = runConv(core, "forward", PLAIN, shape, data, { relu: true, bias: numbers(shape.f) });
    expect(y[0]).toBeNaN();
    expect(y.at(-1)).not.toBeNaN();
  });
});
