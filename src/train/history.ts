// The history of a fit: one value per epoch and name, thinned so that memory stays flat.
//
// Place: filled by Trainer.fit. Invariant: at most MOST entries, evenly spread, the last epoch always among them.

import type { EdgegradError } from "../errors.ts";
import type { Progress, StopReason } from "./run-loop.ts";

export interface FitHistory {
  /** Epoch of each entry, from 1. */
  readonly epoch: readonly number[];
  readonly loss: readonly number[];
  /** Each metric by name, and `val_loss`, `val_…` where the run validates. */
  readonly metrics: Readonly<Record<string, readonly number[]>>;
  readonly reason: StopReason;
  readonly steps: number;
  readonly error?: EdgegradError;
}

const MOST = 1024;

export class HistoryRecorder {
  #entries: { epoch: number; values: Record<string, number> }[] = [];
  #stride = 1;
  #last: Progress | undefined;

  add(progress: Progress): void {
    this.#last = progress;
    if (!progress.epochEnd) return;
    const values: Record<string, number> = { loss: progress.loss, ...progress.metrics };
    for (const [name, value] of Object.entries(progress.validation ?? {})) values[`val_${name}`] = value;
    const final = progress.reason !== undefined;
    if (!final && (progress.epoch - 1) % this.#stride !== 0) return;
    this.#entries.push({ epoch: progress.epoch, values });
    if (this.#entries.length <= MOST) return;
    this.#stride *= 2;
    this.#entries = this.#entries.filter(
      (entry) => (entry.epoch - 1) % this.#stride === 0 || entry.epoch === progress.epoch,
    );
  }

  finish(): FitHistory {
    const names = Object.keys(this.#entries[0]?.values ?? {});
    const columns = Object.fromEntries(
      names.map((name) => [name, this.#entries.map((e) => e.values[name]!)]),
    );
    const { loss = [], ...metrics } = columns;
    return {
      epoch: this.#entries.map((e) => e.epoch),
      loss,
      metrics,
      reason: this.#last?.reason ?? "done",
      steps: this.#last?.step ?? 0,
      ...(this.#last?.error && { error: this.#last.error }),
    };
  }
}
