/**
 * Random shift, flip, crop, rotation, brightness and contrast against an independent implementation.
 * Invariant proved here: what happens to a row depends on seed, step, stream and row alone, never on the rows beside it.
 */
import { describe, expect, it } from "vitest";
import { Op, Uniform } from "../../src/abi.ts";
import { type Moves, movePixels, movePixelsBack, rotatePictures, toneRows } from "../reference/augment.ts";
import { f32, firstDifference, record, TapeCore, variants } from "./tape-core.ts";

const SEED: [number, number] = [0xa4093822, 0x299f31d0];
const STEP: [number, number] = [7, 3];
const RANDOM = { seed: SEED, step: STEP };

const ramp = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => ((i * 37) % 251) - 100);

interface Case {
  readonly shape: readonly [number, number, number, number];
  readonly out: readonly [number, number];
  readonly moves: Moves;
}

/** Shapes and options of every kind, by a fixed rule. */
function* cases(): Generator<Case> {
  let k = 0;
  for (const rows of [1, 3, 4, 5, 9])
    for (const [height, width] of [
      [1, 1],
      [3, 5],
      [8, 7],
      [2, 17],
    ] as const)
      for (const channels of [1, 3, 4]) {
        k++;
        const shift = k % 4;
        const crop = k % 3 === 0;
        const out = crop
          ? ([Math.max(1, height - 2), Math.max(1, width - 1)] as const)
          : ([height, width] as const);
        yield {
          shape: [rows, height, width, channels],
          out: [out[0], out[1]],
          moves: {
            minY: -shift,
            rangeY: height - out[0] + 2 * shift + 1,
            // far enough to leave the picture altogether
            minX: -shift - (k % 5 === 0 ? width : 0),
            rangeX: width - out[1] + 2 * shift + 1,
            flipY: k % 2 === 0,
            flipX: k % 7 < 4,
            fill: k % 2 === 0 ? 0 : -1.5,
            stream: k,
          },
        };
      }
}

describe.each(variants)("%s", (variant) => {
  const core = new TapeCore(variant);
  const start = (): void => {
    core.reset();
    core.uniform(Uniform.SeedLow, SEED[0]);
    core.uniform(Uniform.SeedHigh, SEED[1]);
    core.uniform(Uniform.StepLow, STEP[0]);
    core.uniform(Uniform.StepHigh, STEP[1]);
  };
  const moveRecord = (out: number, a: number, { shape, out: small, moves }: Case, inverse: number) => {
    const [rows, height, width, channels] = shape;
    const { minY, rangeY, minX, rangeX, flipY, flipX, fill, stream } = moves;
    const sizes = [rows, height, width, ...small, channels];
    const draws = [minY, rangeY, minX, rangeX, Number(flipY), Number(flipX), f32(fill), stream];
    return record(Op.AugmentMove, out, a, ...sizes, ...draws, inverse);
  };

  it("moves exactly the pixels that the words say", () => {
    let moved = 0;
    for (const one of cases()) {
      const [rows, height, width, channels] = one.shape;
      const x = ramp(rows * height * width * channels);
      start();
      const a = core.floats(x);
      const n = rows * one.out[0] * one.out[1] * channels;
      const out = core.floats(n);
      const want = movePixels(x, one.shape, one.out, one.moves, RANDOM);
      core.ok(moveRecord(out, a, one, 0));
      expect(firstDifference(core.readFloats(out, n), Float32Array.from(want))).toBe(-1);
      if (want.some((value, i) => value !== x[i])) moved++;
    }
    expect(moved).toBeGreaterThan(40);
  });

  it("brings a gradient back to where each pixel came from", () => {
    for (const one of cases()) {
      const [rows, height, width, channels] = one.shape;
      const dy = ramp(rows * one.out[0] * one.out[1] * channels);
      start();
      const a = core.floats(dy);
      const n = rows * height * width * channels;
      const out = core.floats(n);
      core.ok(moveRecord(out, a, one, 1));
      const want = movePixelsBack(dy, one.shape, one.out, one.moves, RANDOM);
      expect(firstDifference(core.readFloats(out, n), Float32Array.from(want))).toBe(-1);
    }
  });

  it("turns pictures about their centre", () => {
    for (const [rows, height, width, channels, turns] of [
      [1, 1, 1, 1, 0.5],
      [5, 6, 6, 1, 0.5],
      [4, 9, 5, 3, 0.1],
      [9, 28, 28, 1, 0.03],
      [2, 7, 8, 2, 0],
    ] as const) {
      const shape = [rows, height, width, channels] as const;
      const x = ramp(rows * height * width * channels);
      start();
      const a = core.floats(x);
      const out = core.floats(x.length);
      const options = { turns, fill: 2, stream: 11 };
      core.ok(record(Op.AugmentRotate, out, a, ...shape, f32(turns), f32(2), 11));
      const want = rotatePictures(x, shape, options, RANDOM);
      const got = core.readFloats(out, x.length);
      // a position is off by some 1e-6 pixels, and pixels differ by up to 250
      for (let i = 0; i < got.length; i++) expect(Math.abs(got[i]! - want[i]!)).toBeLessThan(3e-3);
      if (turns === 0) expect(firstDifference(got, x)).toBe(-1);
    }
  });

  it("changes brightness and contrast row by row, in place too", () => {
    for (const [rows, elements, brightness, contrast] of [
      [1, 1, 10, 0],
      [5, 7, 0, 0.5],
      [9, 67, 20, 0.25],
      [4, 16, 0, 0],
    ] as const) {
      const x = ramp(rows * elements);
      const want = toneRows(x, rows, { brightness, contrast, stream: 5 }, RANDOM);
      for (const inPlace of [false, true]) {
        start();
        const a = core.floats(x);
        const out = inPlace ? a : core.floats(x.length);
        core.ok(record(Op.AugmentTone, out, a, rows, elements, f32(brightness), f32(contrast), 5));
        const got = core.readFloats(out, x.length);
        for (let i = 0; i < got.length; i++) expect(Math.abs(got[i]! - want[i]!)).toBeLessThan(1e-4);
      }
    }
  });

  it("draws for a row what it draws in any other batch", () => {
    const one = [...cases()].find(({ shape, moves }) => shape[0] === 9 && moves.rangeX > 3)!;
    const [, height, width, channels] = one.shape;
    const size = height * width * channels;
    const x = ramp(9 * size);
    const run = (rows: number): Float32Array => {
      start();
      const a = core.floats(x);
      const n = rows * one.out[0] * one.out[1] * channels;
      const out = core.floats(n);
      core.ok(moveRecord(out, a, { ...one, shape: [rows, height, width, channels] }, 0));
      return core.readFloats(out, n);
    };
    const all = run(9);
    for (const rows of [1, 2, 6]) {
      const part = run(rows);
      expect(firstDifference(part, all.slice(0, part.length))).toBe(-1);
    }
  });
});
