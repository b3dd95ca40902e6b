// What an update does to a block of parameters, as plain data.
//
// Place: an attribute of the graph's update op; optimizers write it, tape/update.ts turns it into records.
// Invariant: plain JSON, kept in checkpoints and checked when one is read.

import type { Expression } from "./expression.ts";
import type { BinaryName, UnaryName } from "./functions.ts";

/** One optimizer's arithmetic, as a record of the tape. */
export type UpdateRule =
  | { kind: "sgd"; momentum: number; nesterov: boolean; weightDecay: number }
  | {
      kind: "adam";
      beta1: number;
      beta2: number;
      epsilon: number;
      weightDecay: number;
      decoupled: boolean;
    }
  | {
      kind: "elementwise";
      slots: number;
      temporaries: number;
      /** c0, c1, …: formulas of the step, behind the learning rate in the table of rates. */
      scalars: readonly Expression[];
      program: readonly Instruction[];
    };

/**
 * One element-wise step of an optimizer: [function, out, a, p, q], [function, out, a, b] or ["flush", out]. Operands
 * are blocks: w, g, slots s0, s1, …, temporaries t0, …; b may be a scalar c0, ….
 */
export type Instruction =
  | readonly [UnaryName, string, string, number, number]
  | readonly [BinaryName, string, string, string]
  | readonly ["flush", string];

/** A weight whose gradient aᵀ·b, the outer product of one row, is computed within the update. */
export interface FusedGradient {
  readonly parameter: string;
  /** The matmul that a full step leaves out. */
  readonly gradient: number;
}
