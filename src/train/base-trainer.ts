// The one stateful object. Owns a core instance, trains, evaluates and predicts.
//
// Place: what `core.trainer` of `edgegrad/train` returns; Trainer adds the writing and reading of files to it.
// Invariant: between two calls the state is complete: it can be saved, disposed, and continued elsewhere bit for bit.

import { compileTraining, type Program } from "../compile.ts";
import { CoreInstance } from "../core/instance.ts";
import { TrainingExecutor } from "../core/training-executor.ts";
import { ConfigError, StateError } from "../errors.ts";
import type { DataIdentity, RunState } from "../io/checkpoint.ts";
import { checkWeights, type Weights } from "../io/weights.ts";
import type { Model } from "../model.ts";
import { FRESH } from "../schedules/plateau-state.ts";
import type { TapeListing } from "../tape/disassemble.ts";
import { batchFeeds, type Report, reportOf, runBatch } from "./batch.ts";
import { identityOf, otherData, sameData } from "./data-identity.ts";
import type { EarlyStopping, StoppingState } from "./early-stopping.ts";
import { evaluateRows } from "./evaluate.ts";
import { type Arrays, type DataSet, feedsOf, type NumericArray, type RowExtras } from "./feeds.ts";
import { type Prediction, predictRows } from "./forward.ts";
import { type FitHistory, HistoryRecorder } from "./history.ts";
import { explainIndices } from "./index-faults.ts";
import type { ResolvedOptions, RunOptions } from "./options.ts";
import { planOf, type TrainerPlan } from "./plan-of.ts";
import { Rates } from "./rates.ts";
import { checkEpochs, type Progress, type RunPosition, runEpochs } from "./run-loop.ts";
import { type BatchStream, runStream } from "./run-stream.ts";
import { fillSlots, powersOf, readGradients, readWeights } from "./snapshot.ts";

/** What a session gives its trainers. */
export interface TrainerHost {
  readonly module: WebAssembly.Module;
  readonly maxBytes: number;
  readonly stageBytes: number;
}

export type { Report, RunOptions, TrainerPlan };

/** What is saved of a trainer. */
export interface TrainerState {
  readonly executor: TrainingExecutor;
  readonly model: Model;
  readonly run: RunState;
  /** Weights of the best epoch, while early stopping watches a run. */
  readonly best: Weights | undefined;
}

type Validate = (() => Record<string, number>) | undefined;

export class BaseTrainer {
  readonly host: TrainerHost;
  readonly #options: ResolvedOptions;
  readonly #executor: TrainingExecutor;
  readonly #program: Program;
  readonly #rates: Rates;
  #at: RunPosition;
  #data: DataIdentity | null = null;
  #shuffle = true;
  /** Until its first run, a resumed trainer goes on with the data it was saved with. */
  #resumed = false;
  /** Of the run that has not ended. */
  #stopping: StoppingState | undefined;
  #running = false;
  #disposed = false;

  constructor(host: TrainerHost, options: ResolvedOptions, weights?: Weights) {
    explainIndices();
    this.host = host;
    this.#options = options;
    const core = new CoreInstance(host.module);
    this.#program = compileTraining({ ...this.#options, heapBase: core.heapBase, maxBytes: host.maxBytes });
    this.#executor = new TrainingExecutor(core, this.#program, host.maxBytes);
    this.#executor.initialize(this.#options.seed);
    this.#rates = new Rates(this.#executor, options.optimizer, FRESH);
    fillSlots(this.#executor, options.optimizer.initial ?? []);
    this.#at = { epoch: 0, position: 0, epochSums: this.#program.reports.map(() => 0) };
    powersOf(this.#executor).fill(1);
    if (weights) this.setWeights(weights);
  }

  /** Goes on where a run was saved. Its tensors are written apart from it: see train/trainer.ts. */
  protected goOn(run: RunState, stopping: StoppingState | undefined): void {
    const { epoch, position, epochSums } = run;
    this.#rates.plateau = run.plateau;
    this.#executor.step = run.step;
    this.#at = { epoch, position, epochSums: [...epochSums] };
    this.#data = run.data;
    this.#resumed = true;
    this.#shuffle = run.shuffle;
    this.#stopping = stopping;
  }

  /** Where its tensors are, and all that a checkpoint holds beside them: for train/save.ts and train/state-stream.ts. */
  get state(): TrainerState {
    this.#alive();
    const { objectives, optimizer, binding, seed, freeze, sliceFlops } = this.#options;
    const stopping = this.#stopping;
    const run = {
      objectives,
      optimizer: { ...optimizer, learningRate: this.#rates.expression },
      plateau: this.#rates.plateau,
      batchSize: binding.batch,
      timeSteps: binding.time,
      ...{ seed, freeze, sliceFlops, ...this.#at },
      ...{ step: this.#executor.step, shuffle: this.#shuffle, data: this.#data },
      ...(stopping && { stopping: { value: stopping.best?.value ?? null, stalled: stopping.stalled } }),
    };
    return { executor: this.#executor, model: this.#program.model, run, best: stopping?.best?.weights };
  }

  /** Memory and work, known before the first step. */
  get plan(): TrainerPlan {
    return planOf(this.#executor);
  }

  /** Steps since the beginning. */
  get steps(): number {
    return this.#executor.step;
  }

  /** Rate of the next step. Setting it replaces a schedule by a constant. */
  get learningRate(): number {
    return this.#rates.at(this.#executor.step);
  }

  set learningRate(rate: number) {
    if (!(rate >= 0 && Number.isFinite(rate)))
      throw new ConfigError("config/learning-rate", `learningRate must be a finite number ≥ 0, got ${rate}`, {
        option: "learningRate",
      });
    this.#rates.expression = rate;
  }

  /**
   * One training step on at most `batchSize` rows: forward, backward and update in one call into the core.
   *
   * @returns loss and metrics of the batch, before the update
   * @throws CoreError if a value becomes infinite or NaN; nothing is changed then
   */
  step(x: Arrays, y: Arrays, extra: RowExtras = {}): Report {
    this.#ready();
    const feeds = batchFeeds(this.#executor, { ...extra, x, y });
    runBatch(this.#executor, feeds, "full", this.#rates);
    return reportOf(this.#executor);
  }

  /** Gradients of one batch, by parameter name; nothing is updated. */
  gradients(x: Arrays, y: Arrays, extra: RowExtras = {}): Weights {
    this.#ready();
    const { step } = this.#executor;
    runBatch(this.#executor, batchFeeds(this.#executor, { ...extra, x, y }), "gradients", this.#rates);
    this.#executor.step = step;
    return readGradients(this.#executor);
  }

  /** Trains; ends with the history of losses and metrics per epoch. Accepts arrays or an async iterable of batches. */
  async fit(data: DataSet | BatchStream, options: RunOptions = {}): Promise<FitHistory> {
    const recorder = new HistoryRecorder();
    for await (const progress of this.run(data, options)) recorder.add(progress);
    return recorder.finish();
  }

  /** Trains as an async iterable of progress, one item per slice; `break` leaves the trainer ready to go on. */
  async *run(data: DataSet | BatchStream, options: RunOptions = {}): AsyncGenerator<Progress, void> {
    this.#ready();
    const { earlyStopping, validation } = options;
    const stopping = earlyStopping && this.#watch(earlyStopping);
    this.#running = true;
    this.#stopping = stopping;
    const validate =
      validation && (() => (typeof validation === "function" ? validation(this) : this.evaluate(validation)));
    try {
      for await (const progress of Symbol.asyncIterator in data
        ? this.#runBatches(data, options, validate)
        : this.#runData(data, options, validate)) {
        const stop = progress.epochEnd && stopping?.after(progress, () => this.getWeights());
        const reason = stop ? "done" : progress.reason;
        // What was aborted may go on; then it needs its weights and the best ones.
        if (reason === "done" || reason === "diverged") {
          if (stopping?.weights) this.setWeights(stopping.weights);
          this.#stopping = undefined;
        }
        yield stop ? { ...progress, reason: "done" } : progress;
        if (stop) return;
      }
    } finally {
      this.#running = false;
    }
  }

  /** Loss and metrics over all rows, in prediction mode. */
  evaluate(data: DataSet): Report {
    this.#alive();
    const { step } = this.#executor;
    const report = evaluateRows(this.#executor, data, this.#options.objectives);
    this.#executor.step = step;
    return report as Report;
  }

  /** Output of the model for each row, in prediction mode. */
  predict(x: Arrays, options: { out?: Float32Array; lengths?: NumericArray } = {}): Prediction {
    this.#alive();
    const { step } = this.#executor;
    const result = predictRows(
      this.#executor,
      { x, ...(options.lengths && { lengths: options.lengths }) },
      options.out,
    );
    this.#executor.step = step;
    return result;
  }

  /** All parameters and states under PyTorch's names and axis orders. */
  getWeights(): Weights {
    this.#alive();
    return readWeights(this.#executor);
  }

  /** Strict: every tensor of the model, none else. */
  setWeights(weights: Weights): void {
    this.#alive();
    checkWeights(this.#program.tensors, weights);
    for (const tensor of this.#program.tensors) this.#executor.write(tensor, weights[tensor.fullName]!.data);
  }

  /** SHA-256 of all weights and states, hex: the same in every runtime. */
  fingerprint(): string {
    this.#alive();
    return this.#executor.fingerprint();
  }

  /** The tape of a training step and the graph it came from, for `disassemble`. */
  tape(): TapeListing {
    this.#alive();
    const slot = this.#executor.tape({ kind: "train", form: "full", binding: this.#options.binding });
    return { tape: slot.tape!, nodes: this.#executor.graph("train").graph.nodes, address: slot.address };
  }

  /** Gives the memory back; any later call is a StateError. */
  dispose(): void {
    this.#disposed = true;
    this.#executor.core.release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #watch(rule: NonNullable<RunOptions["earlyStopping"]>): EarlyStopping {
    if (typeof rule === "function") return rule(this.#stopping);
    throw new ConfigError(
      "run/early-stopping",
      "earlyStopping: pass earlyStopping({ … }), which is imported beside loadCore",
      { option: "earlyStopping" },
    );
  }

  #runBatches(batches: BatchStream, options: RunOptions, validate: Validate): AsyncGenerator<Progress, void> {
    return runStream({
      executor: this.#executor,
      batches,
      step: (batch) => {
        const feeds = batchFeeds(this.#executor, batch);
        runBatch(this.#executor, feeds, "full", this.#rates);
        return feeds.rows;
      },
      budget: options.budget ?? {},
      signal: options.signal,
      ...(validate && { validate }),
    });
  }

  async *#runData(data: DataSet, options: RunOptions, validate: Validate): AsyncGenerator<Progress, void> {
    const { epochs = 1, shuffle = this.#data ? this.#shuffle : true } = options;
    checkEpochs(epochs);
    const feeds = feedsOf(this.#program, this.#executor.graph("train"), data);
    const identity = identityOf(feeds);
    const bound = this.#resumed || this.#at.position > 0;
    if (this.#data && bound && (!sameData(this.#data, identity) || shuffle !== this.#shuffle))
      throw otherData(this.#at.epoch, this.#data, identity);
    this.#data = identity;
    this.#resumed = false;
    this.#shuffle = shuffle;
    yield* runEpochs({
      executor: this.#executor,
      feeds,
      at: this.#at,
      epochs,
      rates: this.#rates,
      shuffle,
      stageBytes: this.host.stageBytes,
      sliceFlops: this.#options.sliceFlops,
      budget: options.budget ?? {},
      signal: options.signal,
      watched: this.#stopping !== undefined,
      ...(validate && { validate }),
    });
  }

  #alive(): void {
    if (this.#disposed)
      throw new StateError("trainer/disposed", "this trainer was disposed: create another one");
  }

  #ready(): void {
    this.#alive();
    if (this.#running)
      throw new StateError("trainer/busy", "a run is under way: wait for its end or break out of it");
  }
}
