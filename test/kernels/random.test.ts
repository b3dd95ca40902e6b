/**
 * Philox, dropout, random tensors and permutations against the words of an independent implementation.
 * Invariant proved here: each element depends on seed, step, stream and place alone.
 */
import { describe, expect, it } from "vitest";
import { Op, RandomFn, Uniform } from "../../src/abi.ts";
import { philoxBlock, philoxWords } from "../reference/philox.ts";
import { f32, firstDifference, record, TapeCore, variants } from "./tape-core.ts";

const SEED: [number, number] = [0xa4093822, 0x299f31d0];
const STEP: [number, number] = [7, 3];

describe.each(variants)("%s", (variant) => {
  const core = new TapeCore(variant);
  const start = (): void => {
    core.reset();
    core.uniform(Uniform.SeedLow, SEED[0]);
    core.uniform(Uniform.SeedHigh, SEED[1]);
    core.uniform(Uniform.StepLow, STEP[0]);
    core.uniform(Uniform.StepHigh, STEP[1]);
  };
  const again = (): void => {
    core.uniform(Uniform.StepLow, STEP[0]);
    core.uniform(Uniform.StepHigh, STEP[1]);
  };

  // the vectors published with the algorithm; word w of a block shows as the fraction of a uniform number
  it.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [-1, -1, -1, -1],
      [-1, -1],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ] as const)("philox vector %#", (counter, key, words) => {
    expect(philoxBlock(counter, key)).toEqual(words);
  });

  it("uniform numbers are the published words at counter 0", () => {
    core.reset();
    const out = core.floats(4);
    core.ok(record(Op.Random, out, 4, RandomFn.Uniform, f32(0), f32(1), 0));
    const want = [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8].map((w) => (w >>> 8) / 2 ** 24);
    expect([...core.readFloats(out, 4)]).toEqual(want);
  });

  it("dropout keeps exactly the elements whose word reaches the threshold", () => {
    for (let n = 0; n <= 67; n++) {
      const rate = [0, 0.25, 0.5, 0.9][n % 4] as number;
      const threshold = Math.floor(rate * 2 ** 32);
      const scale = Math.fround(1 / (1 - rate));
      const x = Float32Array.from({ length: n }, (_, i) => i + 1);
      start();
      const a = core.floats(x);
      const y = core.floats(n);
      const words = philoxWords(n, 42, { seed: SEED, step: STEP });
      const want = x.map((v, i) => ((words[i] as number) < threshold ? 0 : Math.fround(v * scale)));
      core.ok(record(Op.Dropout, y, a, n, threshold, f32(scale), 42));
      expect(firstDifference(core.readFloats(y, n), want)).toBe(-1);
      again();
      core.ok(record(Op.Dropout, a, a, n, threshold, f32(scale), 42));
      expect(firstDifference(core.readFloats(a, n), want)).toBe(-1);
    }
  });

  it("uniform and normal at every length", () => {
    for (let n = 0; n <= 67; n++) {
      start();
      const words = philoxWords(n + 3, 5, { seed: SEED, step: STEP });
      const out = core.floats(n);
      core.ok(record(Op.Random, out, n, RandomFn.Uniform, f32(-0.5), f32(1.5), 5));
      const uniform = Float32Array.from({ length: n }, (_, i) =>
        Math.fround(-0.5 + Math.fround(2 * (((words[i] as number) >>> 8) / 2 ** 24))),
      );
      expect(firstDifference(core.readFloats(out, n), uniform)).toBe(-1);
      again();
      core.ok(record(Op.Random, out, n, RandomFn.Normal, f32(1), f32(2), 5));
      const got = core.readFloats(out, n);
      for (let i = 0; i < n; i++) {
        const pair = i & ~1;
        const radius = Math.sqrt(-2 * Math.log((((words[pair] as number) >>> 8) + 1) / 2 ** 24));
        const angle = (2 * Math.PI * ((words[pair + 1] as number) >>> 8)) / 2 ** 24;
        const want = 1 + 2 * radius * (i & 1 ? Math.sin(angle) : Math.cos(angle));
        expect(Math.abs((got[i] as number) - want)).toBeLessThanOrEqual(2e-6);
      }
    }
  });

  it("normal numbers have mean 0, deviation 1 and the tails of a normal distribution", () => {
    start();
    const n = 400_000;
    const out = core.floats(n);
    core.ok(record(Op.Random, out, n, RandomFn.Normal, f32(0), f32(1), 1));
    const z = core.readFloats(out, n);
    const mean = z.reduce((s, x) => s + x, 0) / n;
    const deviation = Math.sqrt(z.reduce((s, x) => s + (x - mean) ** 2, 0) / n);
    expect(Math.abs(mean)).toBeLessThan(0.006);
    expect(Math.abs(deviation - 1)).toBeLessThan(0.005);
    expect(Math.abs(z.filter((x) => Math.abs(x) > 2).length / n - 0.0455)).toBeLessThan(0.0015);
  });

  it("permutation is the Fisher–Yates shuffle of the words", () => {
    for (const n of [...Array(68).keys(), 1000]) {
      start();
      const out = core.words(new Int32Array(n));
      core.ok(record(Op.Permutation, out, n, 9, 77));
      const want = Array.from({ length: n }, (_, i) => i);
      for (let i = n - 1; i > 0; i--) {
        const word = philoxBlock([i, 9, 0, 77], SEED)[0] as number;
        const j = Number((BigInt(word) * BigInt(i + 1)) >> 32n);
        [want[i], want[j]] = [want[j] as number, want[i] as number];
      }
      expect([...core.readWords(out, n)]).toEqual(want);
    }
  });
});
