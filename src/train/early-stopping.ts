// Stops a fit when it no longer improves, and gives back the best weights.
//
// Place: used by the trainer between epochs; its state is part of the checkpoint until the run ends. Invariant: the
// weights that remain at the end are those of the best epoch seen.

import { ConfigError } from "../errors.ts";
import type { RunState } from "../io/checkpoint.ts";
import { checkWeights, type Weights } from "../io/weights.ts";
import type { ModelTensor } from "../model.ts";
import type { Progress } from "./run-loop.ts";

export interface EarlyStoppingOptions {
  /** Epochs without improvement that are allowed. Default 5. */
  readonly patience?: number;
  /** What counts as an improvement: more than this. Default 0. */
  readonly minDelta?: number;
  /** A metric's name; default "loss". Taken from the validation where there is one. */
  readonly monitor?: string;
  /** Default "min"; "max" for accuracies. */
  readonly mode?: "min" | "max";
  /** Puts the best epoch's weights back at the end. Default true. */
  readonly restoreBest?: boolean;
}

/** What goes on where a run goes on. */
export interface StoppingState {
  /** Best value so far and its weights; absent before the first finite one. */
  readonly best?: { readonly value: number; readonly weights: Weights } | undefined;
  readonly stalled: number;
}

/** Begins to watch a run, from the state that an aborted one left. */
export type StoppingRule = (from?: StoppingState) => EarlyStopping;

/**
 * The rule of `fit(data, { earlyStopping: earlyStopping({ patience: 5 }) })`.
 *
 * @throws ConfigError for a patience or a mode that does not exist
 */
export function earlyStopping(options: EarlyStoppingOptions = {}): StoppingRule {
  new EarlyStopping(options);
  return (from) => new EarlyStopping(options, from);
}

/** The state of a checkpoint. @throws FormatError if the best weights are not the model's */
export function resumedStopping(
  saved: RunState["stopping"],
  weights: Weights | undefined,
  tensors: readonly ModelTensor[],
): StoppingState | undefined {
  if (!saved) return undefined;
  const { value, stalled } = saved;
  if (value === null) return { stalled };
  const own = weights ?? {};
  checkWeights(tensors, own);
  return { stalled, best: { value, weights: own } };
}

export class EarlyStopping implements StoppingState {
  readonly #options: Required<EarlyStoppingOptions>;
  best: StoppingState["best"];
  stalled: number;

  constructor(
    { patience = 5, minDelta = 0, monitor = "loss", mode = "min", restoreBest = true }: EarlyStoppingOptions,
    from: StoppingState = { stalled: 0 },
  ) {
    this.best = from.best;
    this.stalled = from.stalled;
    if (!(Number.isInteger(patience) && patience >= 0))
      throw new ConfigError(
        "run/early-stopping",
        `earlyStopping: patience must be a whole number ≥ 0, got ${patience}`,
        {
          option: "patience",
        },
      );
    if (mode !== "min" && mode !== "max")
      throw new ConfigError("run/early-stopping", `earlyStopping: mode must be "min" or "max"`, {
        option: "mode",
      });
    this.#options = { patience, minDelta, monitor, mode, restoreBest };
  }

  /** @returns whether to stop behind this epoch */
  after(progress: Progress, weights: () => Weights): boolean {
    const { patience, minDelta, monitor, mode } = this.#options;
    const values: Readonly<Record<string, number>> = progress.validation ?? {
      loss: progress.loss,
      ...progress.metrics,
    };
    const value = values[monitor];
    if (value === undefined)
      throw new ConfigError(
        "run/early-stopping",
        `earlyStopping: there is no "${monitor}" to monitor; known are ${Object.keys(values).join(", ")}`,
        { option: "monitor" },
      );
    const better = this.best
      ? mode === "min"
        ? value < this.best.value - minDelta
        : value > this.best.value + minDelta
      : Number.isFinite(value);
    if (better) {
      this.best = { value, weights: weights() };
      this.stalled = 0;
      return false;
    }
    return ++this.stalled > patience;
  }

  /** The weights to put back, if any. */
  get weights(): Weights | undefined {
    return this.#options.restoreBest ? this.best?.weights : undefined;
  }
}
