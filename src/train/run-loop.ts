// The training run: epochs over staged data in slices of work, with progress between slices.
//
// Place: behind Trainer.run and Trainer.fit. Invariant: where slices are cut changes no bit of the result; the state
// is complete after every slice, so that a run can stop, be saved, and go on.

import { Status } from "../abi.ts";
import type { Executor } from "../core/executor.ts";
import { ConfigError, type EdgegradError } from "../errors.ts";
import { explainFault } from "./faults.ts";
import type { Feeds } from "./feeds.ts";
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

export interface RunRequest {
  readonly executor: Executor;
  readonly feeds: Feeds;
  readonly at: RunPosition;
  readonly epochs: number;
  readonly learningRate: () => number;
  readonly shuffle: boolean;
  readonly stageBytes: number;
  readonly sliceFlops: number;
  readonly budget: { readonly steps?: number; readonly flops?: number };
  readonly signal?: AbortSignal | undefined;
  validate?(): Record<string, number>;
}

/** The optimizing compiler of V8 takes over between calls: early calls are short. */
const WARM_STEPS = 16_384;
const EARLY_STEPS = 256;

/** Runs until the epochs are done, the budget is spent, or the signal says stop. */
export async function* runEpochs(request: RunRequest): AsyncGenerator<Progress, void> {
  const { executor, feeds, at, epochs, budget } = request;
  checkBudget(budget);
  const { program } = executor;
  const batch = program.binding.batch;
  const stage = new Stage(executor, feeds, batch, request.stageBytes, request.shuffle);
  const flopsPerStep = executor.graph("train").flops;
  const sliceSteps = Math.max(1, Math.floor(request.sliceFlops / flopsPerStep));
  let stepsLeft = Math.min(budget.steps ?? Infinity, Math.floor((budget.flops ?? Infinity) / flopsPerStep));

  const progress = (extra: Partial<Progress> = {}): Progress => {
    const means = at.epochSums.map((sum) => sum / Math.max(at.position, 1));
    const metrics = Object.fromEntries(program.reports.map((name, i) => [name, means[i] ?? 0]).slice(1));
    return {
      epoch: Math.min(at.epoch + 1, epochs),
      epochs,
      step: executor.step,
      row: at.position,
      rows: feeds.rows,
      loss: means[0] ?? 0,
      metrics,
      epochEnd: false,
      ...extra,
    };
  };

  while (at.epoch < epochs) {
    while (at.position < feeds.rows) {
      if (request.signal?.aborted) return yield progress({ reason: "aborted" });
      if (stepsLeft < 1) return yield progress({ reason: "budget" });
      const error = runSlice(Math.min(sliceSteps, stepsLeft));
      if (error) return yield progress({ reason: "diverged", error });
      if (at.position < feeds.rows) {
        yield progress();
        await yieldToEventLoop();
      }
    }
    const validation = request.validate?.();
    const end = progress({ epochEnd: true, ...(validation && { validation }) });
    at.epoch++;
    at.position = 0;
    at.epochSums = program.reports.map(() => 0);
    yield at.epoch < epochs ? end : { ...end, reason: "done" };
    await yieldToEventLoop();
  }

  /** Up to `most` steps within this epoch, in as few calls as the tables allow. */
  function runSlice(most: number): EdgegradError | undefined {
    let left = most;
    while (left > 0 && at.position < feeds.rows) {
      const available = stage.seek(at.epoch, at.position);
      const full = Math.floor(available / batch);
      const binding = { batch: full > 0 ? batch : available, time: feeds.time };
      const early = executor.step < WARM_STEPS ? EARLY_STEPS : program.plan.layout.stepsPerCall;
      const steps = full > 0 ? Math.min(full, left, early, program.plan.layout.stepsPerCall) : 1;
      const error = call(binding, steps);
      left -= steps;
      stepsLeft -= steps;
      if (error) return error;
    }
    return undefined;
  }

  function call(binding: { batch: number; time: number }, steps: number): EdgegradError | undefined {
    const slot = executor.tape({
      kind: "train",
      form: "full",
      binding,
      staged: stage.tensors,
      stagedKey: stage.key,
    });
    executor.beginCall();
    executor.prepareSampleWeights(stage.tensors.has("sampleWeights"));
    stage.seek(at.epoch, at.position);
    executor.setRates(request.learningRate(), steps);
    const status = executor.run(slot, steps);
    const done = status === Status.Ok ? steps : executor.callSteps;
    for (let step = 0; step < done; step++)
      for (let i = 0; i < at.epochSums.length; i++)
        at.epochSums[i]! += executor.report(step, i) * binding.batch;
    at.position += done * binding.batch;
    if (status === Status.Ok) return undefined;
    const batchAt = at.position;
    const replay = () => {
      const probe = executor.tape({
        ...{ kind: "train", form: "probe", binding, staged: stage.tensors, stagedKey: stage.key },
      });
      executor.beginCall();
      stage.seek(at.epoch, batchAt);
      const { step } = executor;
      const found = executor.run(probe, 1);
      executor.step = step;
      return found === Status.Ok ? undefined : executor.fault(probe, found);
    };
    const failed = { feeds: feeds.feeds, rowAt: (i: number) => stage.rowAt(batchAt + i), binding };
    const error = explainFault(executor.fault(slot, status), failed, executor, replay);
    if (error instanceof ConfigError) throw error;
    return error;
  }
}

export function checkBudget(budget: RunRequest["budget"]): void {
  for (const [key, value] of Object.entries(budget))
    if ((key !== "steps" && key !== "flops") || !(typeof value === "number" && value > 0))
      throw new ConfigError(
        "run/budget",
        `budget: expected { steps } or { flops } above 0, got ${key} = ${value}`,
        {
          option: `budget.${key}`,
        },
      );
}
