// What optimizers are written in: element-wise instructions over whole blocks of parameters.
//
// Place: used by elementwise.ts and adam-family.ts; tape/update.ts turns the instructions into unary and binary
// records, so they need no kernel of their own. Invariant: plain data.

import { ConfigError } from "../errors.ts";
import type { Expression } from "../graph/expression.ts";
import type { Instruction } from "../graph/ops.ts";
import { useFormulas } from "../schedules/evaluate.ts";
import { type CommonOptions, define, type Optimizer } from "./optimizers.ts";

interface Recipe {
  readonly slots: readonly string[];
  /** Values that slots start with, where not 0. */
  readonly initial?: readonly number[];
  /** c0, c1, …: formulas of the step. */
  readonly scalars: readonly Expression[];
  readonly temporaries?: number;
  readonly program: readonly Instruction[];
}

export function build(
  name: string,
  options: CommonOptions & object,
  known: readonly string[],
  rate: number,
  recipe: Recipe,
): Optimizer {
  const { slots, initial = [], scalars, temporaries = 1, program } = recipe;
  useFormulas();
  const rule = { kind: "elementwise" as const, slots: slots.length, temporaries, scalars, program };
  const optimizer = define(name, options, known, rate, slots, rule);
  return initial.length > 0 ? { ...optimizer, initial } : optimizer;
}

/** g += decay·w */
export const decayed = (decay: number): Instruction[] =>
  decay > 0
    ? [
        ["affine", "t0", "w", decay, 0],
        ["add", "g", "g", "t0"],
      ]
    : [];

/** slot = keep·slot + add·source */
export const average = (slot: string, keep: number, source: string, add: number): Instruction[] => [
  ["affine", slot, slot, keep, 0],
  ["affine", "t0", source, add, 0],
  ["add", slot, slot, "t0"],
  ["flush", slot],
];

/** slot = keep·slot + (1 − keep)·g² */
export const averageSquare = (slot: string, keep: number, source = "g"): Instruction[] => [
  ["affine", slot, slot, keep, 0],
  ["square", "t0", source, 0, 0],
  ["affine", "t0", "t0", 1 - keep, 0],
  ["add", slot, slot, "t0"],
  ["flush", slot],
];

export const T: Expression = ["+", "step", 1];
/** 1 − βᵗ */
export const bias = (beta: number): Expression => ["-", 1, ["pow", beta, T]];

export function below1(name: string, options: Readonly<Record<string, number>>): void {
  for (const [option, value] of Object.entries(options))
    if (!(value < 1))
      throw new ConfigError("optimizer/option", `${name}: ${option} must be below 1, got ${value}`, {
        option,
      });
}
