// What normalization by the statistics of channels means, element by element.
//
// Place: rows of the reference interpreter's table of defined ops, and the oracle of test/kernels/normalize.test.ts.
// Shares no arithmetic with the library.

import type { NormalizeAttrs } from "../../src/ops/channel-norm.ts";
import type { DefinedRule } from "./defined.ts";
import type { Round } from "./functions.ts";
import { mapTensor, type Tensor, tensor } from "./tensor.ts";

const channelsOf = (x: Tensor): number => x.shape.at(-1)!;

/** Sum per channel of what `term` gives for each element and its channel. */
function sums(x: Tensor, r: Round, term: (value: number, i: number, c: number) => number): Tensor {
  const channels = channelsOf(x);
  const out = tensor([channels]);
  x.data.forEach((value, i) => {
    const c = i % channels;
    out.data[c] = r(out.data[c]! + term(value, i, c));
  });
  return out;
}

const normal = (mean: Tensor, rstd: Tensor, r: Round) => (value: number, c: number) =>
  r(r(value - mean.data[c]!) * rstd.data[c]!);

function variance([x, mean]: readonly Tensor[], r: Round): Tensor {
  const squares = sums(x!, r, (value, _, c) => r(r(value - mean!.data[c]!) ** 2));
  return mapTensor(squares, (sum) => r(sum / (x!.data.length / channelsOf(x!))));
}

function product([x, mean, rstd, dy]: readonly Tensor[], r: Round): Tensor {
  const hat = normal(mean!, rstd!, r);
  return sums(x!, r, (value, i, c) => r(dy!.data[i]! * hat(value, c)));
}

function normalize(attrs: NormalizeAttrs, ins: readonly Tensor[], r: Round): Tensor {
  const [x, mean, rstd, ...parameters] = ins as [Tensor, Tensor, Tensor, ...Tensor[]];
  const gamma = attrs.gamma ? parameters.shift() : undefined;
  const beta = attrs.beta ? parameters.shift() : undefined;
  const hat = normal(mean, rstd, r);
  return mapTensor(x, (value, i) => {
    const c = i % channelsOf(x);
    let y = hat(value, c);
    if (gamma) y = r(y * gamma.data[c]!);
    if (beta) y = r(y + beta.data[c]!);
    return y < attrs.low ? attrs.low : attrs.high < y ? attrs.high : y;
  });
}

function gradient(attrs: NormalizeAttrs, ins: readonly Tensor[], r: Round): Tensor {
  const [x, mean, rstd, dy, ...rest] = ins as [Tensor, Tensor, Tensor, Tensor, ...Tensor[]];
  const [sum, projected] = attrs.ofBatch ? rest.splice(0, 2) : [];
  const gamma = attrs.gamma ? rest[0] : undefined;
  const rows = x.data.length / channelsOf(x);
  const hat = normal(mean, rstd, r);
  return mapTensor(x, (value, i) => {
    const c = i % channelsOf(x);
    let d = dy.data[i]!;
    if (sum && projected)
      d = r(r(d - r(sum.data[c]! / rows)) - r(hat(value, c) * r(projected.data[c]! / rows)));
    return r(d * (gamma ? r(rstd.data[c]! * gamma.data[c]!) : rstd.data[c]!));
  });
}

export const channelNormRules: { readonly [name: string]: DefinedRule } = {
  channelVariance: (_, ins, c) => variance(ins, c.round),
  channelProduct: (_, ins, c) => product(ins, c.round),
  normalize: (attrs, ins, c) => normalize(attrs, ins, c.round),
  normalizeGrad: (attrs, ins, c) => gradient(attrs, ins, c.round),
};
