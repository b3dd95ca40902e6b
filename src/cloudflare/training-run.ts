// A training run over the stored examples, in slices of work that alarms start one after the other.
//
// Place: between the object's alarm and the learner. Invariant: a slice's state and its position commit together, after
// it; a slice that dies has changed nothing and is repeated to the same bits. Work is counted in FLOPs, never by the
// clock, which stands still while a deployed Worker computes.

import { EdgegradError } from "../errors.ts";
import { EpochOrder } from "./epoch-order.ts";
import type { ExampleStore } from "./example-store.ts";
import type { Learner } from "./learner.ts";
import { FIRST_RATE, type ModelRecord, stateFlops } from "./model-record.ts";
import type { ObjectStorage } from "./object-platform.ts";
import { readFact, writeFact } from "./object-schema.ts";
import { joinRows, stepArguments } from "./packed-rows.ts";
import { RequestError } from "./request-error.ts";
import type { Settings } from "./settings.ts";

/** Stored as the fact "run". */
export interface RunRecord {
  readonly state: "running" | "paused" | "done" | "failed" | "stopped";
  readonly epochs: number;
  readonly shuffle: boolean;
  /** Epochs done; rows of the current epoch that are done, and all of them. */
  readonly epoch: number;
  readonly position: number;
  readonly rows: number;
  /** Of this run, not of the trainer. */
  readonly steps: number;
  readonly slices: number;
  /** Written before a slice, cleared with its commit: still there at the next slice, it tells of a death. */
  readonly attempt: boolean;
  /** Slices that died, one after the other and in all. */
  readonly deaths: number;
  readonly allDeaths: number;
  readonly lossSum: number;
  /** Mean loss of the last epochs that ended. */
  readonly losses: readonly number[];
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** Stored as the fact "pace": what the machine was seen to do; outlives runs. */
export interface Pace {
  /** FLOPs per second. */
  readonly rate: number;
  readonly clean: number;
}

/** For tests: where slices end, and what happens between their steps. */
export interface SliceHooks {
  /** Steps of the next slice, of as many as its budget allows. */
  steps(most: number): number;
  /** Before each step, and before the commit. */
  at(done: number): void;
}

/** Fetching and unpacking a row, in FLOPs at the first rate: 20 µs. */
const ROW_FLOPS = 2e4;
const CLEAN_SLICES = 50;
const MAX_DEATHS = 12;
const SLOWEST_RATE = 1e6;
const KEPT_LOSSES = 100;
/** An alarm behind the slice that is about to run, should it take the object with it. */
const BACKSTOP_MS = 1000;

export class TrainingRun {
  readonly #storage: ObjectStorage;
  readonly #settings: Settings;
  readonly #learner: Learner;
  readonly #examples: ExampleStore;
  readonly #progress: (run: RunRecord) => void;
  #slicing = false;
  /** No run is under way. Learned outside of transactions, which may be undone, and forgotten with each write. */
  #resting = false;

  constructor(
    ...[storage, settings, learner, examples, progress]: [
      ObjectStorage,
      Settings,
      Learner,
      ExampleStore,
      (run: RunRecord) => void,
    ]
  ) {
    this.#storage = storage;
    this.#settings = settings;
    this.#learner = learner;
    this.#examples = examples;
    this.#progress = progress;
  }

  get record(): RunRecord | undefined {
    return this.#learner.exists ? readFact<RunRecord>(this.#storage.sql, "run") : undefined;
  }

  get pace(): Pace {
    return readFact<Pace>(this.#storage.sql, "pace") ?? { rate: FIRST_RATE, clean: 0 };
  }

  /** Within a transaction or alone. @throws RequestError 409 if one is under way or there is nothing to train on */
  start(model: ModelRecord, options: { epochs: number; shuffle: boolean }): RunRecord {
    const now = this.record?.state;
    if (now === "running" || now === "paused")
      throw new RequestError(409, "training/active", `a run is ${now}: stop it before you start another`);
    const rows = this.#examples.status(model).count;
    if (rows === 0)
      throw new RequestError(409, "training/no-examples", "the model has no examples: append some first");
    return this.#write({
      ...{ state: "running", ...options, epoch: 0, position: 0, rows, steps: 0, slices: 0, attempt: false },
      ...{ deaths: 0, allDeaths: 0, lossSum: 0, losses: [], error: null },
    });
  }

  /** @throws RequestError 409 if the run is in none of the states that this goes out from */
  change(from: readonly RunRecord["state"][], to: RunRecord["state"]): RunRecord {
    const run = this.record;
    if (!run || !from.includes(run.state))
      throw new RequestError(
        409,
        "training/state",
        `the run is ${run?.state ?? "absent"}, not ${from.join(" or ")}`,
      );
    const next = this.#write({ ...run, state: to, deaths: 0 });
    this.#progress(next);
    return next;
  }

  /** Ends a run whose weights are being replaced. */
  stopIfActive(): void {
    const run = this.record;
    if (run?.state === "running" || run?.state === "paused") this.#write({ ...run, state: "stopped" });
  }

  /** Sets an alarm for a run that has none: after a start, and for a run that lost its own. Not within a transaction. */
  arm(): Promise<void> | undefined {
    if (this.#slicing || this.#resting) return undefined;
    if (this.record?.state === "running") return this.#setAlarm();
    this.#resting = true;
    return undefined;
  }

  async #setAlarm(): Promise<void> {
    if ((await this.#storage.getAlarm()) === null) await this.#storage.setAlarm(Date.now());
  }

  /** One slice. Called at least once per alarm: a repeat does the next slice. */
  async slice(hooks?: SliceHooks): Promise<void> {
    if (this.#slicing || this.record?.state !== "running") return;
    this.#slicing = true;
    try {
      if (!this.#mark()) return;
      await this.#storage.setAlarm(Date.now() + BACKSTOP_MS);
      await this.#storage.sync();
      // Whoever paused or deleted the run while this waited has the last word.
      if (this.record?.state !== "running") this.#unmark();
      else this.#compute(hooks);
      if (this.record?.state === "running") await this.#storage.setAlarm(Date.now());
      else await this.#storage.deleteAlarm();
    } finally {
      this.#slicing = false;
    }
  }

  /** Notes the attempt, and what an attempt without an end says of the machine. */
  #mark(): boolean {
    const run = this.record!;
    if (!run.attempt) {
      this.#write({ ...run, attempt: true });
      return true;
    }
    const { rate } = this.pace;
    writeFact(this.#storage.sql, "pace", { rate: Math.max(rate / 2, SLOWEST_RATE), clean: 0 });
    const dead = { ...run, deaths: run.deaths + 1, allDeaths: run.allDeaths + 1 };
    if (dead.deaths < MAX_DEATHS) {
      this.#write(dead);
      return true;
    }
    const error = {
      code: "training/slices-die",
      message: `${MAX_DEATHS} slices in a row did not reach their end: the model is too large for the CPU time or memory`,
    };
    this.#progress(this.#write({ ...dead, state: "failed", attempt: false, error }));
    return false;
  }

  #unmark(): void {
    const run = this.record;
    if (run?.attempt) this.#write({ ...run, attempt: false });
  }

  /** Steps as many as the budget allows, then commits. No await: nothing comes between. */
  #compute(hooks: SliceHooks | undefined): void {
    const model = this.#learner.record("");
    const trainer = this.#learner.trainer();
    const { batchSize, seed } = model.spec;
    const pace = this.pace;
    const stepFlops = model.plan.flopsPerStep + batchSize * ROW_FLOPS;
    const budget = (this.#settings.cpuMs / 1000) * pace.rate - 2 * stateFlops(model);
    const most = Math.max(1, Math.floor(budget / stepFlops));
    let left = hooks ? hooks.steps(most) : most;
    let run = this.record!;
    const before = run.steps;
    let order: EpochOrder | undefined;
    try {
      for (; left > 0 && run.epoch < run.epochs; left--) {
        hooks?.at(run.steps - before);
        order ??= new EpochOrder(run.rows, seed, run.epoch);
        const end = Math.min(run.rows, run.position + batchSize);
        const slots = Array.from({ length: end - run.position }, (_, i) =>
          run.shuffle ? order!.rowAt(run.position + i) : run.position + i,
        );
        const { x, y, extra } = stepArguments(joinRows(slots.map((slot) => this.#examples.row(slot))));
        const { loss } = trainer.step(x, y, extra);
        run = {
          ...run,
          position: end,
          steps: run.steps + 1,
          lossSum: run.lossSum + loss * slots.length,
        };
        if (end < run.rows) continue;
        order = undefined;
        run = this.#endEpoch(model, run);
      }
    } catch (error) {
      // A step that fails has changed nothing; those before it count.
      if (!(error instanceof EdgegradError)) throw error;
      run = { ...run, state: "failed", error: { code: error.code, message: error.message } };
    }
    if (run.state === "running" && run.epoch >= run.epochs) run = { ...run, state: "done" };
    run = { ...run, attempt: false, deaths: 0, slices: run.slices + 1 };
    hooks?.at(run.steps - before);
    const clean = pace.clean + 1;
    this.#learner.commitState("training", () => {
      this.#write(run);
      const faster = { rate: pace.rate * 1.1, clean: 0 };
      writeFact(this.#storage.sql, "pace", clean >= CLEAN_SLICES ? faster : { ...pace, clean });
    });
    this.#progress(run);
  }

  /** The next epoch takes the examples that are there when it begins. */
  #endEpoch(model: ModelRecord, run: RunRecord): RunRecord {
    return {
      ...run,
      epoch: run.epoch + 1,
      position: 0,
      rows: this.#examples.status(model).count,
      losses: [...run.losses, run.lossSum / run.rows].slice(-KEPT_LOSSES),
      lossSum: 0,
    };
  }

  #write(run: RunRecord): RunRecord {
    this.#resting = false;
    writeFact(this.#storage.sql, "run", run);
    return run;
  }
}
