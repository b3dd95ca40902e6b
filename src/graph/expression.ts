// Scalar formulas of the step, as plain data: learning-rate schedules and the scalars of optimizers.
//
// Place: written by schedules and optimizers, kept in checkpoints, evaluated by schedules/evaluate.ts for every step.
// Invariant: plain JSON of a fixed set of operations; it holds no code.

/** A number, the step from 0, the learning rate of the step, or an operation with its arguments. */
export type Expression = number | "step" | "rate" | readonly [ExpressionOp, ...Expression[]];

/** Each operation and how many arguments it takes. */
export const ARITY = {
  "+": 2,
  "-": 2,
  "*": 2,
  "/": 2,
  min: 2,
  max: 2,
  /** x − y·⌊x/y⌋ */
  mod: 2,
  pow: 2,
  /** a < b ? 1 : 0 */
  less: 2,
  /** condition ≠ 0 ? a : b */
  if: 3,
  floor: 1,
  sqrt: 1,
  /** cos(π·x) */
  cosPi: 1,
  /** (first, factor): the part, 0 … 1, of the cycle that the step is in; each cycle is `factor` times as long */
  cycle: 2,
  /** Π of a formula over the steps from 0 to this one */
  product: 1,
} as const;

export type ExpressionOp = keyof typeof ARITY;
