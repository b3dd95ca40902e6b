// The generator against the published known answers, and the ranges its numbers are promised to keep.
import { expect, test } from "vitest";
import { PhiloxStream, philox4x32 } from "../../src/data/philox.ts";

// Random123, kat_vectors, philox4x32 with 10 rounds: counter, key, result.
const ones = 0xffffffff;
test.each([
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [ones, ones, ones, ones],
    [ones, ones],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
] as [number[], number[], number[]][])("known answer for counter %j", (counter, key, expected) => {
  const out = new Uint32Array(4);
  philox4x32(out, ...(counter as [number, number, number, number]), ...(key as [number, number]));
  expect([...out]).toEqual(expected);
});

test("the high halves of products agree with BigInt on 20,000 random counters", () => {
  const out = new Uint32Array(4);
  const random = new PhiloxStream(3);
  const reference = (c: bigint[], k: bigint[]) => {
    const mask = 0xffffffffn;
    for (let round = 0; round < 10; round++) {
      const p0 = 0xd2511f53n * c[0]!;
      const p1 = 0xcd9e8d57n * c[2]!;
      c = [(p1 >> 32n) ^ c[1]! ^ k[0]!, p1 & mask, (p0 >> 32n) ^ c[3]! ^ k[1]!, p0 & mask];
      k = [(k[0]! + 0x9e3779b9n) & mask, (k[1]! + 0xbb67ae85n) & mask];
    }
    return c.map(Number);
  };
  for (let i = 0; i < 20_000; i++) {
    const w = Array.from({ length: 6 }, () => random.word());
    philox4x32(out, w[0]!, w[1]!, w[2]!, w[3]!, w[4]!, w[5]!);
    const expected = reference(w.slice(0, 4).map(BigInt), w.slice(4).map(BigInt));
    if (out.some((word, j) => word !== expected[j])) expect([...out]).toEqual(expected);
  }
});

test("a stream repeats for its seed and differs for another seed, high seed word or stream", () => {
  const first = (seed: number, stream?: number) => {
    const random = new PhiloxStream(seed, stream);
    return Array.from({ length: 9 }, () => random.word());
  };
  expect(first(7)).toEqual(first(7));
  const all = [first(7), first(8), first(7 + 2 ** 32), first(7, 1)].map(String);
  expect(new Set(all).size).toBe(4);
});

test("below() stays in range, reaches every value and is even", () => {
  const random = new PhiloxStream(1);
  const counts = new Uint32Array(6);
  for (let i = 0; i < 60_000; i++) counts[random.below(6)]!++;
  // 10,000 each, standard deviation 91.
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
});

test("bell() has mean 0 and deviation 1", () => {
  const random = new PhiloxStream(2);
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < 50_000; i++) {
    const value = random.bell();
    sum += value;
    squares += value * value;
  }
  expect(Math.abs(sum / 50_000)).toBeLessThan(0.02);
  expect(Math.abs(squares / 50_000 - 1)).toBeLessThan(0.03);
});
