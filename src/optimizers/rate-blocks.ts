// The columns of the table of rates: for each block its learning rate, then the scalars of its rule.
//
// Place: shared by the compiler, which says where a record finds its column, and by the trainer, which fills the table.
// Invariant: block 0 is the optimizer itself, so without groups and averages the rate stands in column 0.

import type { Expression } from "../graph/expression.ts";
import type { UpdateRule } from "../graph/ops.ts";
import type { Optimizer } from "./optimizers.ts";

export interface RateBlock {
  readonly rule: UpdateRule;
  /** Of the optimizer's rate; default 1. */
  readonly rateMultiplier?: number;
  /** A rate of its own instead. */
  readonly learningRate?: Expression;
}

/** The optimizer, its groups, its average: in the order of their columns. */
export const rateBlocks = ({ rule, groups = [], average }: Optimizer): readonly RateBlock[] => [
  { rule },
  ...groups,
  ...(average ? [{ rule: average }] : []),
];

export const scalarsOf = (rule: UpdateRule): readonly Expression[] =>
  rule.kind === "elementwise" ? rule.scalars : [];

/** Where each block begins, and behind the last how many columns there are. */
export function rateColumns(optimizer: Optimizer): number[] {
  const columns = [0];
  for (const { rule } of rateBlocks(optimizer)) columns.push(columns.at(-1)! + 1 + scalarsOf(rule).length);
  return columns;
}
