// One model that learns and forgets nothing: its trainer in memory, its state, journal and versions in SQLite.
//
// Place: under the object's routes and the training run. Invariant: whatever is in memory can be thrown away at any
// time: the newest stored state and the journal behind it give the same bits again. So memory changes first, storage in
// one transaction after it, and a failed transaction drops the memory.

import type { Trainer } from "../api.ts";
import type { Weights } from "../io/weights.ts";
import type { TrainerHost } from "../train/base-trainer.ts";
import type { Predictor } from "../train/predictor.ts";
import { restore, unsignedModelFile, writeFile } from "../train/state-stream.ts";
import { type BuiltModel, type ModelRecord, refuseNotFinite } from "./model-record.ts";
import type { ObjectStorage, SqlStorage } from "./object-platform.ts";
import { createTables, first, readFact, writeBlob, writeFact } from "./object-schema.ts";
import { encodeBatch, type PackedBatch, stepArguments } from "./packed-rows.ts";
import { modelExists, modelNotFound } from "./request-error.ts";
import { admit, leave } from "./residents.ts";
import { SentStates } from "./sent-states.ts";
import { loadPredictor, loadTrainer, newestModelFile, ownState } from "./stored-model.ts";
import {
  keptVersion,
  newestVersion,
  refuseMoreKept,
  type VersionEntry,
  type VersionRow,
  versionEntries,
} from "./version-rows.ts";

export interface LearnerCounts {
  updates: number;
  snapshots: number;
  replayed: number;
  loads: number;
}

export class Learner {
  readonly #host: TrainerHost;
  readonly #storage: ObjectStorage;
  readonly #sent: SentStates;
  #record: ModelRecord | undefined;
  #trainer: Trainer | undefined;
  /** Only while there is no trainer. */
  #predictor: Predictor | undefined;
  #version = 0;
  #stored = 0;
  /** Since this object started. */
  readonly counts: LearnerCounts = { updates: 0, snapshots: 0, replayed: 0, loads: 0 };

  constructor(host: TrainerHost, storage: ObjectStorage) {
    this.#host = host;
    this.#storage = storage;
    this.#sent = new SentStates(storage.sql);
    // A name that was only asked about must not cost a table.
    if (first(this.#sql, "SELECT name FROM sqlite_master WHERE name = 'facts'"))
      this.#record = readFact<ModelRecord>(this.#sql, "model");
    else return;
    // States that were still being sent, and files being received, when the object went away. Seldom any: and what writes
    // makes the answer wait until it is durable.
    const orphans = "FROM chunks WHERE blob NOT IN (SELECT blob FROM versions)";
    if (first(this.#sql, `SELECT 1 ${orphans} LIMIT 1`)) this.#sql.exec(`DELETE ${orphans}`);
    if (this.#record) this.#readVersion();
  }

  get exists(): boolean {
    return this.#record !== undefined;
  }

  /** @throws RequestError 404 */
  record(name: string): ModelRecord {
    if (!this.#record) throw modelNotFound(name);
    return this.#record;
  }

  /** @throws RequestError 409 */
  refuseExisting(name: string): void {
    if (this.#record) throw modelExists(name);
  }

  /** Counts every change of the weights; never goes back. */
  get version(): number {
    return this.#version;
  }

  /** Updates that a restart would replay. */
  get journalled(): number {
    return this.#version - this.#stored;
  }

  create({ record, trainer }: BuiltModel): void {
    this.#storage.transactionSync(() => {
      createTables(this.#sql);
      writeFact(this.#sql, "model", record);
      writeFact(this.#sql, "seen", 0);
      this.#insertVersion(1, this.#writeState(trainer), trainer, "created", null, 0);
    });
    this.#record = record;
    this.#version = 1;
    this.#stored = 1;
    this.#hold(trainer);
  }

  /** Everything is gone; the storage was deleted. */
  forget(): void {
    this.drop();
    this.#sent.endAll();
    this.#record = undefined;
    this.#version = 0;
    this.#stored = 0;
  }

  /** Gives the memory back; the next use loads the same bits. */
  drop(): void {
    this.#trainer?.dispose();
    this.#trainer = undefined;
    this.#dropPredictor();
    leave(this);
  }

  /** What answers predictions of the current version: who only predicts pays nothing for training. */
  predicts(): Trainer | Predictor {
    if (this.#trainer || this.journalled > 0) return this.trainer();
    const { spec, plan } = this.#record!;
    if (!this.#predictor) {
      this.counts.loads++;
      admit(this, plan.planBytes);
      this.#predictor = loadPredictor(this.#host, this.#sql, spec);
    }
    admit(this, this.#predictor.plan.bytes.total);
    return this.#predictor;
  }

  #dropPredictor(): void {
    this.#predictor?.dispose();
    this.#predictor = undefined;
  }

  /** The trainer at the current version: in memory, or loaded and replayed. */
  trainer(): Trainer {
    const record = this.#record!;
    if (this.#trainer) {
      admit(this, record.plan.planBytes);
      return this.#trainer;
    }
    this.counts.loads++;
    this.#dropPredictor();
    admit(this, record.plan.planBytes);
    const { trainer, replayed } = loadTrainer(this.#host, this.#sql);
    this.counts.replayed += replayed;
    this.#hold(trainer);
    return trainer;
  }

  /**
   * One step on a batch, journalled together with `also`.
   *
   * @throws whatever the step throws; nothing is changed then
   */
  update<T>(batch: PackedBatch, also: (version: number, report: Readonly<Record<string, number>>) => T): T {
    const record = this.#record!;
    const trainer = this.trainer();
    const step = trainer.steps;
    const { x, y, extra } = stepArguments(batch);
    const report = trainer.step(x, y, extra);
    return this.#commit(() => {
      const version = this.#version + 1;
      if (version - this.#stored >= record.snapshotEvery) this.#snapshot(version, "updates");
      else
        this.#sql.exec(
          "INSERT INTO journal VALUES (?, ?, ?, ?)",
          ...[version, step, record.spec.seed, encodeBatch(batch)],
        );
      this.counts.updates++;
      return [version, also(version, report)];
    });
  }

  /** Stores the trainer's state as it is now as the next version, together with `also`. */
  commitState(source: string, also: (version: number) => void): number {
    return this.#commit(() => {
      const version = this.#version + 1;
      this.#snapshot(version, source);
      also(version);
      return [version, version];
    });
  }

  /** Stores the current version's state now, so that nothing need be replayed. */
  snapshot(): void {
    this.trainer();
    if (this.#stored !== this.#version)
      this.#commit(() => {
        this.#snapshot(this.#version, "updates");
        return [this.#version, undefined];
      });
  }

  /**
   * Other weights as the next version; step count and optimizer state stay.
   *
   * @throws ShapeError or ConfigError for weights that are not the model's; nothing is changed then
   */
  importWeights(weights: Weights, also: () => void): number {
    refuseNotFinite(weights);
    this.trainer().setWeights(weights);
    return this.commitState("import", also);
  }

  versions(): VersionEntry[] {
    return versionEntries(this.#sql);
  }

  /** Keeps the current version until it is deleted. */
  keep(label: string | null): VersionEntry {
    refuseMoreKept(this.#sql);
    this.snapshot();
    this.#sql.exec("UPDATE versions SET kept = 1, label = ? WHERE version = ?", label, this.#version);
    return this.versions().find(({ version }) => version === this.#version)!;
  }

  /** @throws RequestError 404 or 409 for the current version */
  deleteVersion(version: number): void {
    const row = keptVersion(this.#sql, version);
    if (version === this.#stored)
      this.#sql.exec("UPDATE versions SET kept = 0, label = NULL WHERE version = ?", version);
    else
      this.#storage.transactionSync(() => {
        this.#sent.letGo(row.blob);
        this.#sql.exec("DELETE FROM versions WHERE version = ?", version);
      });
  }

  /** The state of a kept version again, as the next version. */
  rollback(version: number, also: () => void): number {
    const { blob } = keptVersion(this.#sql, version);
    const trainer = this.trainer();
    try {
      // In its own memory: two trainers would take twice as much.
      restore(trainer, ownState(this.#sql, blob));
    } catch (error) {
      this.drop();
      throw error;
    }
    return this.commitState(`rollback:${version}`, also);
  }

  /** The model file of the current version, not signed; from storage where that alone holds it. */
  modelFile(): Uint8Array {
    if (this.#trainer || this.journalled > 0) return unsignedModelFile(this.trainer());
    return newestModelFile(this.#sql);
  }

  /** The checkpoint of the current version as a stream that later versions do not disturb. */
  checkpoint(): ReadableStream<Uint8Array> {
    this.#sent.refuseMore();
    this.snapshot();
    return this.#sent.stream(newestVersion(this.#sql).blob);
  }

  get #sql(): SqlStorage {
    return this.#storage.sql;
  }

  #readVersion(): void {
    this.#stored = newestVersion(this.#sql).version;
    const last = first<{ last: number | null }>(this.#sql, "SELECT MAX(version) AS last FROM journal")?.last;
    this.#version = Math.max(this.#stored, last ?? 0);
  }

  #hold(trainer: Trainer): void {
    this.#trainer = trainer;
    admit(this, this.#record!.plan.planBytes);
  }

  /** Runs writes in one transaction; if they fail, memory is ahead of storage and is dropped. */
  #commit<T>(write: () => readonly [version: number, result: T]): T {
    const before = this.#stored;
    try {
      const [version, result] = this.#storage.transactionSync(write);
      this.#version = version;
      return result;
    } catch (error) {
      this.drop();
      this.#stored = before;
      throw error;
    }
  }

  #writeState(trainer: Trainer): number {
    return writeBlob(this.#sql, (sink) => writeFile(trainer, "checkpoint", sink));
  }

  /** Within a transaction. */
  #snapshot(version: number, source: string): void {
    const trainer = this.#trainer!;
    const blob = this.#writeState(trainer);
    for (const old of this.#sql.exec<VersionRow>("SELECT * FROM versions WHERE kept = 0").toArray()) {
      this.#sent.letGo(old.blob);
      this.#sql.exec("DELETE FROM versions WHERE version = ?", old.version);
    }
    this.#insertVersion(version, blob, trainer, source, null, 0);
    this.#sql.exec("DELETE FROM journal");
    this.#stored = version;
    this.counts.snapshots++;
  }

  #insertVersion(
    ...[version, blob, trainer, source, label, kept]: [number, number, Trainer, string, string | null, number]
  ): void {
    this.#sql.exec(
      "INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?)",
      ...[version, blob, trainer.steps, trainer.fingerprint(), source, label, kept],
    );
  }
}
