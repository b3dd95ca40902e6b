// The training run: epochs over staged data in slices of work, with progress between slices.
//
// Place: behind Trainer.run and Trainer.fit. Invariant: where slices are cut changes no bit of the result; the state
// is complete after every slice, so that a run can stop, be saved, and go on.

import { Status } from "../abi.ts";
import type { TrainingExecutor } from "../core/training-executor.ts";
import { ConfigError, type EdgegradError } from "../errors.ts";
import type { Binding } from "../shape.ts";
import { explainFault } from "./faults.ts";
import type { Feeds } from "./feeds.ts";
import type { Rates } from "./rates.ts";
import { Stage } from "./stage.ts";
import { yieldToEventLoop } from "./yield.ts";

export type StopReason = "done" | "budget" | "aborted" | "diverged";

/** What a run reports after each slice. Losses and metrics stand under their names. */
export interface Progress {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Steps since the trainer began. */
  readonly step: number;
  /** Rows of this epoch that are done, and all of them. */
  readonly row: number;
  readonly rows: number;
  /** Mean over the rows of this epoch so far. */
  readonly loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** Present at the end of an epoch that validates. */
  readonly validation?: Readonly<Record<string, number>>;
  readonly epochEnd: boolean;
  /** Present in the last progress of a run. */
  readonly reason?: StopReason;
  /** What went wrong, if the reason is "diverged". */
  readonly error?: EdgegradError;
}

/** Where a run stands. Kept by the trainer, saved in checkpoints. */
export interface RunPosition {
  epoch: number;
  position: number;
  epochSums: number[];
}

export interface Budget {
  readonly steps?: number;
  readonly flops?: number;
}

export interface RunRequest {
  readonly executor: TrainingExecutor;
  readonly feeds: Feeds;
  readonly at: RunPosition;
  readonly epochs: number;
  readonly rates: Rates;
  readonly shuffle: boolean;
  readonly stageBytes: number;
  readonly sliceFlops: number;
  readonly budget: Budget;
  readonly signal?: AbortSignal | undefined;
  /** The weights behind each epoch are looked at, so no two epochs may be one call. */
  readonly watched?: boolean;
  validate?(): Record<string, number>;
}

/** The optimizing compiler of V8 takes over between calls: early calls are short. */
const WARM_STEPS = 16_384;
const EARLY_STEPS = 256;
/** Epochs of one call that are reported, where a whole epoch is one step. */
const REPORTED_EPOCHS = 64;

export function checkEpochs(epochs: number): void {
  if (!(Number.isInteger(epochs) && epochs > 0))
    throw new ConfigError("run/epochs", `epochs must be a positive whole number, got ${epochs}`, {
      option: "epochs",
    });
}

/** Steps that a budget allows. */
export function budgetSteps(budget: Budget, flopsPerStep: number): number {
  for (const [key, value] of Object.entries(budget))
    if ((key !== "steps" && key !== "flops") || !(typeof value === "number" && value > 0))
      throw new ConfigError(
        "run/budget",
        `budget: expected { steps } or { flops } above 0, got ${key} = ${value}`,
        {
          option: `budget.${key}`,
        },
      );
  return Math.min(budget.steps ?? Infinity, Math.floor((budget.flops ?? Infinity) / flopsPerStep));
}

/** Runs until the epochs are done, the budget is spent, or the signal says stop. */
export function runEpochs(request: RunRequest): AsyncGenerator<Progress, void> {
  return new EpochRunner(request).run();
}

class EpochRunner {
  readonly #request: RunRequest;
  readonly #stage: Stage;
  readonly #batch: number;
  readonly #sliceSteps: number;
  #stepsLeft: number;

  constructor(request: RunRequest) {
    const { executor, feeds } = request;
    this.#request = request;
    this.#batch = executor.program.binding.batch;
    const { flops } = executor.graph("train");
    this.#stepsLeft = budgetSteps(request.budget, flops);
    this.#sliceSteps = Math.max(1, Math.floor(request.sliceFlops / flops));
    this.#stage = new Stage(executor, feeds, this.#batch, request.stageBytes, request.shuffle);
  }

  async *run(): AsyncGenerator<Progress, void> {
    const { at, epochs, feeds, rates, signal, watched, validate } = this.#request;
    // All rows in one batch: their order does not matter, and epochs follow each other within a call.
    const single = feeds.rows <= this.#batch && !watched && !validate && !rates.reactive;
    while (at.epoch < epochs) {
      while (at.position < feeds.rows) {
        if (signal?.aborted) return yield this.#progress({ reason: "aborted" });
        if (this.#stepsLeft < 1) return yield this.#progress({ reason: "budget" });
        const error = single ? yield* this.#singleBatchEpochs() : this.#slice();
        if (error) return yield this.#progress({ reason: "diverged", error });
        if (at.position < feeds.rows) {
          yield this.#progress();
          await yieldToEventLoop();
        }
      }
      const validation = validate?.();
      const end = this.#progress({ epochEnd: true, ...(validation && { validation }) });
      rates.epochEnd(validation?.loss ?? end.loss);
      at.epoch++;
      at.position = 0;
      at.epochSums.fill(0);
      yield at.epoch < epochs ? end : { ...end, reason: "done" };
      await yieldToEventLoop();
    }
  }

  #progress(extra: Partial<Progress> = {}): Progress {
    const { at, epochs, executor, feeds } = this.#request;
    const means = at.epochSums.map((sum) => sum / Math.max(at.position, 1));
    return {
      epoch: Math.min(at.epoch + 1, epochs),
      epochs,
      step: executor.step,
      row: at.position,
      rows: feeds.rows,
      loss: means[0] ?? 0,
      metrics: Object.fromEntries(executor.program.reports.map((name, i) => [name, means[i]!]).slice(1)),
      epochEnd: false,
      ...extra,
    };
  }

  /** Steps of the next call at most. */
  #callSteps(most: number): number {
    const { executor } = this.#request;
    const early = executor.step < WARM_STEPS ? EARLY_STEPS : Infinity;
    return Math.min(most, this.#stepsLeft, early, executor.program.plan.layout.stepsPerCall);
  }

  /** Steps worth one slice within this epoch, in as few calls as the tables allow. */
  #slice(): EdgegradError | undefined {
    const { at, feeds } = this.#request;
    let left = this.#sliceSteps;
    while (left > 0 && this.#stepsLeft > 0 && at.position < feeds.rows) {
      const available = this.#stage.seek(at.epoch, at.position);
      const full = Math.floor(available / this.#batch);
      const rows = full > 0 ? this.#batch : available;
      const steps = this.#callSteps(Math.min(left, Math.max(full, 1)));
      const { done, error } = this.#call({ batch: rows, time: feeds.time }, steps);
      for (let step = 0; step < done; step++) this.#addReport(step, rows);
      left -= steps;
      if (error) return error;
    }
    return undefined;
  }

  /** As many epochs of one step each as a slice takes; leaves the last one to be ended by `run`. */
  async *#singleBatchEpochs(): AsyncGenerator<Progress, EdgegradError | undefined> {
    const { at, epochs, feeds } = this.#request;
    const steps = this.#callSteps(Math.min(this.#sliceSteps, epochs - at.epoch));
    this.#stage.seek(at.epoch, 0);
    const { done, error } = this.#call({ batch: feeds.rows, time: feeds.time }, steps);
    const stride = Math.ceil(steps / REPORTED_EPOCHS);
    const first = at.epoch;
    for (let step = 0; step < done; step++) {
      const last = step === done - 1 && !error;
      if (!last && step % stride !== 0) continue;
      at.epoch = first + step;
      at.position = 0;
      at.epochSums.fill(0);
      this.#addReport(step, feeds.rows);
      if (!last)
        yield this.#progress({ epochEnd: true, step: this.#request.executor.step - done + step + 1 });
    }
    if (!error) return undefined;
    at.epoch = first + done;
    at.position = 0;
    at.epochSums.fill(0);
    return error;
  }

  /** Adds a step of the last call to the sums of the epoch. */
  #addReport(step: number, rows: number): void {
    const { at, executor } = this.#request;
    for (let i = 0; i < at.epochSums.length; i++) at.epochSums[i]! += executor.report(step, i) * rows;
    at.position += rows;
  }

  /** One call into the core. Steps that a failure cut off have changed nothing. */
  #call(binding: Binding, steps: number): { done: number; error?: EdgegradError } {
    const { at, executor, feeds, rates } = this.#request;
    const stage = this.#stage;
    const form = { kind: "train", binding, staged: stage.tensors, stagedKey: stage.key } as const;
    const slot = executor.tape({ ...form, form: "full" });
    const begin = (position: number) => {
      executor.beginCall();
      executor.prepareSampleWeights(stage.tensors.has("sampleWeights"));
      stage.seek(at.epoch, position);
    };
    begin(at.position);
    rates.fill(steps);
    const status = executor.run(slot, steps);
    this.#stepsLeft -= steps;
    if (status === Status.Ok) return { done: steps };
    const done = executor.callSteps;
    const failedAt = feeds.rows <= this.#batch ? 0 : at.position + done * binding.batch;
    const replay = () => {
      const probe = executor.tape({ ...form, form: "probe" });
      const { step } = executor;
      begin(failedAt);
      const found = executor.run(probe, 1);
      executor.step = step;
      return found === Status.Ok ? undefined : executor.fault(probe, found);
    };
    const failed = { feeds: feeds.feeds, rowAt: (i: number) => stage.rowAt(failedAt + i), binding };
    const error = explainFault(executor.fault(slot, status), failed, executor, replay);
    if (error instanceof ConfigError) throw error;
    return { done, error };
  }
}
