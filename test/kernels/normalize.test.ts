/**
 * Normalization by the statistics of channels against the reference, over every tail of rows and channels.
 * Invariant proved here: forward, the bits are those of the four operations one after the other.
 */
import { describe, expect, it } from "vitest";
import { Op } from "../../src/abi.ts";
import { ChannelFn } from "../../src/abi-normalize.ts";
import { channelNormRules } from "../reference/channel-norm.ts";
import type { Context } from "../reference/interpreter.ts";
import { type Tensor, tensor } from "../reference/tensor.ts";
import { numbers } from "./conv-reference.ts";
import { f32, firstDifference, record, TapeCore, variants } from "./tape-core.ts";

const plain = { round: Math.fround } as Context;
const exact = { round: (x: number) => x } as Context;

const rule = (name: string, attrs: object, ins: readonly Tensor[], c: Context): Float64Array =>
  channelNormRules[name]!(attrs as never, ins, c, []).data;

function close(got: Float32Array, want: Float64Array, terms: number): void {
  const largest = want.reduce((top, value) => Math.max(top, Math.abs(value)), 0);
  for (const [i, value] of got.entries())
    expect(Math.abs(value - want[i]!)).toBeLessThanOrEqual(1e-6 * Math.sqrt(terms) * (1 + largest));
}

const SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 31, 33];

describe.each(variants)("%s", (variant) => {
  const core = new TapeCore(variant);

  function inputs(rows: number, channels: number) {
    core.reset();
    const place = (shape: readonly number[], values: Float32Array) => ({
      at: core.floats(values),
      tensor: tensor(shape, values),
    });
    const positive = numbers(channels).map((value) => Math.abs(value) + 0.1);
    return {
      x: place([rows, channels], numbers(rows * channels)),
      dy: place([rows, channels], numbers(rows * channels)),
      mean: place([channels], numbers(channels)),
      rstd: place([channels], positive),
      gamma: place([channels], numbers(channels)),
      beta: place([channels], numbers(channels)),
    };
  }

  it.each(SIZES)("sums %i channels, over more rows than a block too", (channels) => {
    for (const rows of [1, 2, 3, 5, 255, 256, 257, 600]) {
      const { x, dy, mean, rstd } = inputs(rows, channels);
      const [out, work] = [core.floats(channels), core.aligned(8 * channels)];
      core.ok(record(Op.ChannelSum, out, x.at, mean.at, 0, rows, channels, 0, ChannelFn.Variance, work));
      close(
        core.readFloats(out, channels),
        rule("channelVariance", {}, [x.tensor, mean.tensor], exact),
        rows,
      );
      core.ok(
        record(Op.ChannelSum, out, x.at, mean.at, rstd.at, rows, channels, dy.at, ChannelFn.Product, work),
      );
      const operands = [x.tensor, mean.tensor, rstd.tensor, dy.tensor];
      close(core.readFloats(out, channels), rule("channelProduct", {}, operands, exact), rows);
    }
  });

  it.each(SIZES)("normalizes %i channels to the bit, with and without each part", (channels) => {
    for (let parts = 0; parts < 8; parts++) {
      const rows = 1 + parts;
      const [low, high] = parts & 4 ? [0, 0.5] : [-Infinity, Infinity];
      const attrs = { gamma: (parts & 1) > 0, beta: (parts & 2) > 0, low, high, ofBatch: true };
      const { x, mean, rstd, gamma, beta } = inputs(rows, channels);
      const out = core.floats(rows * channels);
      const run = (to: number) =>
        core.ok(
          record(
            ...([Op.Normalize, to, x.at, mean.at, rstd.at, rows, channels] as const),
            ...[attrs.gamma ? gamma.at : 0, attrs.beta ? beta.at : 0, f32(low), f32(high)],
          ),
        );
      run(out);
      const parameters = [...(attrs.gamma ? [gamma.tensor] : []), ...(attrs.beta ? [beta.tensor] : [])];
      const want = rule("normalize", attrs, [x.tensor, mean.tensor, rstd.tensor, ...parameters], plain);
      expect(firstDifference(core.readFloats(out, rows * channels), want)).toBe(-1);
      run(x.at);
      expect(firstDifference(core.readFloats(x.at, rows * channels), want)).toBe(-1);
    }
  });

  it.each(SIZES)("has the gradient of %i channels, in place of dy too", (channels) => {
    for (let parts = 0; parts < 4; parts++) {
      const rows = 1 + 3 * parts;
      const attrs = { gamma: (parts & 1) > 0, beta: true, ofBatch: (parts & 2) > 0 };
      const { x, dy, mean, rstd, gamma, beta } = inputs(rows, channels);
      // The sums are any vectors here.
      const [sum, product] = attrs.ofBatch ? [beta, mean] : [];
      const ins = [x, mean, rstd, dy, ...(sum ? [sum, product!] : []), ...(attrs.gamma ? [gamma] : [])];
      const want = rule(
        "normalizeGrad",
        attrs,
        ins.map((t) => t.tensor),
        exact,
      );
      const out = core.floats(rows * channels);
      for (const to of [out, dy.at]) {
        core.ok(
          record(
            ...([Op.NormalizeGrad, to, x.at, mean.at, rstd.at, rows, channels] as const),
            ...[attrs.gamma ? gamma.at : 0, dy.at, sum?.at ?? 0, product?.at ?? 0],
          ),
        );
        close(core.readFloats(to, rows * channels), want, 4);
      }
    }
  });
});
