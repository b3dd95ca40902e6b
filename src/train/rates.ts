// The table of rates of a call: for each step its learning rate and the scalars of its optimizer.
//
// Place: filled by the trainer before every call into the core. Invariant: a function of the step, the schedule and the
// plateau's state alone, so slices, resumption and replays see the same numbers.

import type { TrainingExecutor } from "../core/training-executor.ts";
import type { Optimizer } from "../optimizers/optimizers.ts";
import { rateBlocks, scalarsOf } from "../optimizers/rate-blocks.ts";
import { type Formula, formulaOf, scheduling } from "../schedules/known.ts";
import type { PlateauState } from "../schedules/plateau-state.ts";

export class Rates {
  readonly #executor: TrainingExecutor;
  readonly #optimizer: Optimizer;
  readonly #blocks: readonly { multiplier: number; own: Formula | undefined; scalars: readonly Formula[] }[];
  readonly #every: number;
  #expression: Optimizer["learningRate"];
  #rate: Formula;
  plateau: PlateauState;

  constructor(executor: TrainingExecutor, optimizer: Optimizer, plateau: PlateauState) {
    this.#executor = executor;
    this.#optimizer = optimizer;
    this.#expression = optimizer.learningRate;
    this.#rate = formulaOf(this.#expression);
    this.#blocks = rateBlocks(optimizer).map(({ rule, rateMultiplier = 1, learningRate }) => ({
      multiplier: rateMultiplier,
      own: learningRate === undefined ? undefined : formulaOf(learningRate),
      scalars: scalarsOf(rule).map(formulaOf),
    }));
    this.#every = optimizer.accumulate ?? 1;
    this.plateau = plateau;
  }

  /** What is saved: a constant, or the schedule's formula. */
  get expression(): Optimizer["learningRate"] {
    return this.#expression;
  }

  set expression(expression: Optimizer["learningRate"]) {
    this.#expression = expression;
    this.#rate = formulaOf(expression);
    this.plateau = { ...this.plateau, scale: 1 };
  }

  /** Learning rate of a step. */
  at(step: number): number {
    return this.#rate(this.#update(step), 0) * this.plateau.scale;
  }

  /** The update that a step is part of: what schedules count. */
  #update(step: number): number {
    return Math.floor(step / this.#every);
  }

  /** Writes the rows of the next call. */
  fill(steps: number): void {
    const { core, step, program } = this.#executor;
    const { rates, rateWidth, stepsPerCall } = program.plan.layout;
    const table = core.f32;
    const at = rates >> 2;
    if (typeof this.#expression === "number" && rateWidth === 1) {
      const rate = Math.fround(this.#expression * this.plateau.scale);
      if (table[at] !== rate || table[at + steps - 1] !== rate) table.fill(rate, at, at + stepsPerCall);
      return;
    }
    let cell = at;
    for (let i = 0; i < steps; i++) {
      const update = this.#update(step + i);
      const base = this.at(step + i);
      for (const { multiplier, own, scalars } of this.#blocks) {
        const rate = own ? own(update, 0) * this.plateau.scale : base * multiplier;
        table[cell++] = rate;
        for (const scalar of scalars) table[cell++] = scalar(update, rate);
      }
    }
  }

  /** Whether the end of an epoch may change the rate. */
  get reactive(): boolean {
    return this.#optimizer.plateau !== undefined;
  }

  /** Tells the plateau's rule how an epoch ended; without a rule it is nothing. */
  epochEnd(loss: number): void {
    const { plateau: rule } = this.#optimizer;
    if (rule)
      this.plateau = scheduling("afterEpoch")(
        this.plateau,
        rule,
        loss,
        this.#rate(this.#update(this.#executor.step), 0),
      );
  }
}
