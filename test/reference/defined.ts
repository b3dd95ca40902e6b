// The meaning of the ops that carry their own definition (src/ops/), by name.
//
// Place: used by test/reference/interpreter.ts; one entry per definition, from one file per family.
// Invariant: shares attributes and shapes with src/ops, and no arithmetic.

import { augmentRules } from "./augment.ts";
import { channelNormRules } from "./channel-norm.ts";
import { imageRules } from "./images.ts";
import type { Context } from "./interpreter.ts";
import { rnn, rnnGrad, rnnPrevious } from "./recurrent.ts";
import type { Tensor } from "./tensor.ts";

/** (attributes, inputs, context, shape of the result) → the result */
export type DefinedRule = (
  attrs: never,
  ins: readonly Tensor[],
  c: Context,
  shape: readonly number[],
) => Tensor;

const families: readonly { readonly [name: string]: DefinedRule }[] = [
  {
    rnn: (attrs, ins, c) => rnn(attrs, ins, c.round),
    rnnGrad: (attrs, ins, c) => rnnGrad(attrs, ins, c.round),
    rnnPrevious: (attrs, ins) => rnnPrevious(attrs, ins),
  },
  imageRules,
  augmentRules,
  channelNormRules,
];

const byName = new Map(families.flatMap((family) => Object.entries(family)));

export function definedRule(name: string): DefinedRule {
  const rule = byName.get(name);
  if (!rule) throw new Error(`the reference interpreter has no defined op "${name}"`);
  return rule;
}
