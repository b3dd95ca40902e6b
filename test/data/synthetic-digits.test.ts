// Drawn digits: the same bytes everywhere, every class, readable but not trivially separable.
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { DIGIT_STYLES } from "../../src/data/digit-strokes.ts";
import { drawDigits } from "../../src/data/synthetic-digits.ts";
import { ConfigError } from "../../src/errors.ts";

const { x, y } = drawDigits({ count: 3000, seed: 1 });

test("seed 1 draws these bytes, in every runtime and release", () => {
  const sha256 = createHash("sha256").update(x).update(y).digest("hex");
  expect(sha256).toBe("1bb0718f75b9e3c1aac602daad557470f4de210ed7f9abf5bda31f54d3d0fec5");
});

test("a longer series starts with the shorter one; another seed draws others", () => {
  const short = drawDigits({ count: 50, seed: 1 });
  expect(short.x).toEqual(x.slice(0, 50 * 784));
  expect(short.y).toEqual(y.slice(0, 50));
  expect(drawDigits({ count: 50 }).x).not.toEqual(short.x);
  expect(drawDigits({ count: 0 }).x.length).toBe(0);
});

test("every digit is drawn about equally often", () => {
  const counts = new Uint32Array(10);
  for (const digit of y) counts[digit]!++;
  // 300 each, standard deviation 16.
  for (const count of counts) expect(Math.abs(count - 300)).toBeLessThan(80);
});

test("no image is blank or flooded, and no two are equal", () => {
  const seen = new Set<string>();
  for (let i = 0; i < y.length; i++) {
    const image = x.subarray(i * 784, (i + 1) * 784);
    const inked = image.filter((value) => value > 90).length;
    expect(inked).toBeGreaterThan(10);
    expect(inked).toBeLessThan(392);
    seen.add(createHash("sha1").update(image).digest("hex"));
  }
  expect(seen.size).toBe(y.length);
});

test("strokes stay near the unit square, in pairs of coordinates", () => {
  for (const styles of DIGIT_STYLES) {
    for (const { strokes } of styles) {
      for (const { kind, points } of strokes) {
        expect(["line", "curve"]).toContain(kind);
        expect(points.length % 2).toBe(0);
        for (const value of points) expect(value).toBe(Math.min(1, Math.max(0, value)));
      }
    }
  }
});

describe("difficulty", () => {
  const trainCount = 2500;
  const distance = (image: Uint8Array, other: ArrayLike<number>) => {
    let sum = 0;
    for (let p = 0; p < 784; p++) sum += (image[p]! - other[p]!) ** 2;
    return sum;
  };
  const image = (i: number) => x.subarray(i * 784, (i + 1) * 784);
  const accuracy = (classify: (image: Uint8Array) => number) => {
    let right = 0;
    for (let i = trainCount; i < y.length; i++) if (classify(image(i)) === y[i]) right++;
    return right / (y.length - trainCount);
  };
  const nearest = (row: Uint8Array, candidates: ArrayLike<number>[]) => {
    const distances = candidates.map((candidate) => distance(row, candidate));
    return distances.indexOf(Math.min(...distances));
  };

  test("class means alone do not solve it", () => {
    const means = Array.from({ length: 10 }, () => new Float64Array(784));
    const counts = new Uint32Array(10);
    for (let i = 0; i < trainCount; i++) counts[y[i]!]!++;
    for (let i = 0; i < trainCount; i++) {
      const mean = means[y[i]!]!;
      for (const [p, value] of image(i).entries()) mean[p]! += value / counts[y[i]!]!;
    }
    const share = accuracy((row) => nearest(row, means));
    expect(share).toBeGreaterThan(0.5);
    expect(share).toBeLessThan(0.85);
  });

  test("the nearest of 2,500 examples mostly does: the labels mean something", () => {
    const examples = Array.from({ length: trainCount }, (_, i) => image(i));
    const share = accuracy((row) => y[nearest(row, examples)]!);
    expect(share).toBeGreaterThan(0.85);
  });
});

test("bad options are named", () => {
  for (const count of [-1, 1.5, Number.NaN]) expect(() => drawDigits({ count })).toThrow(ConfigError);
  expect(() => drawDigits({ count: 1, seed: 0.5 })).toThrow(
    /^seed: expected a whole number from 0 up, got 0.5/,
  );
});
