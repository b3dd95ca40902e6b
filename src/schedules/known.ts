// How rates change, as far as the program has it: evaluating formulas, and falling on a plateau.
//
// Place: between the trainer and the factories of schedules. An optimizer is plain data and cannot hold a reference to
// code; what makes one with a formula brings the code here, so that a constant rate costs none of it.
// Invariant: what is brought stays; a formula without it is refused, never ignored.

import { ConfigError } from "../errors.ts";
import type { Expression } from "../graph/expression.ts";
import type { PlateauRule, PlateauState } from "./plateau-state.ts";

/** Value at a step (from 0) with the learning rate of that step. */
export type Formula = (step: number, rate: number) => number;

interface Scheduling {
  formulaOf?(expression: Expression): Formula;
  afterEpoch?(state: PlateauState, rule: PlateauRule, value: number, rate: number): PlateauState;
}

const known: Scheduling = {};

/** Brings the evaluation of formulas, or the rule of plateaus. */
export const useScheduling = (brought: Scheduling): void => {
  Object.assign(known, brought);
};

/** @throws ConfigError if nothing that the program imports brings what is asked for */
export function scheduling<K extends keyof Scheduling>(name: K): NonNullable<Scheduling[K]> {
  const found = known[name];
  if (found) return found as NonNullable<Scheduling[K]>;
  throw new ConfigError(
    "config/schedule",
    "the learning rate is a formula that no import brings: make it with cosineDecay, stepDecay, …",
    {
      option: "learningRate",
    },
  );
}

/** A number stays what it is. */
export const formulaOf = (expression: Expression): Formula =>
  typeof expression === "number" ? () => expression : scheduling("formulaOf")(expression);
