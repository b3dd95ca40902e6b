// Data staged in the core: so many rows as fit, in the order of the epoch, so that many steps run in one call.
//
// Place: used by the training loop. Everything that fits `stageBytes` is staged once and gathered through a
// permutation; more than that is staged window by window in the epoch's order.
// Invariant: which rows make up step k depends on the seed and the epoch alone, not on how they are staged.

import { Op, Uniform } from "../abi.ts";
import type { StagedTensor } from "../core/executor.ts";
import { STREAM, type TrainingExecutor } from "../core/training-executor.ts";
import type { DTypeName } from "../graph/ops.ts";
import { alignUp } from "../plan/arena.ts";
import { TapeWriter } from "../tape/writer.ts";
import type { Feed, Feeds } from "./feeds.ts";

interface StagedFeed extends Feed {
  readonly address: number;
  readonly stored: DTypeName;
}

const BYTES: Readonly<Record<DTypeName, number>> = { f32: 4, i32: 4, u8: 1 };

/** Bytes stay bytes until they are in the core. */
const storedAs = (feed: Feed): DTypeName =>
  (feed.data instanceof Uint8Array || feed.data instanceof Uint8ClampedArray) && feed.dtype === "f32"
    ? "u8"
    : feed.dtype;

export class Stage {
  readonly #executor: TrainingExecutor;
  readonly #feeds: readonly StagedFeed[];
  readonly rows: number;
  readonly time: number;
  /** Rows that are in the core at a time: all, or a multiple of the batch size. */
  readonly windowRows: number;
  readonly tensors: ReadonlyMap<string, StagedTensor>;
  readonly key: string;
  readonly #order: number;
  readonly #shuffle: boolean;
  #epoch = -1;
  #window = -1;
  #permutation: Uint32Array | undefined;

  constructor(
    executor: TrainingExecutor,
    feeds: Feeds,
    batchSize: number,
    stageBytes: number,
    shuffle: boolean,
  ) {
    this.#executor = executor;
    this.rows = feeds.rows;
    this.time = feeds.time;
    // One batch for all: its order does not matter.
    this.#shuffle = shuffle && feeds.rows > batchSize;
    const stored = feeds.feeds.map((feed) => ({ feed, type: storedAs(feed) }));
    const rowBytes = stored.reduce((sum, { feed, type }) => sum + feed.columns * BYTES[type], 0);
    const whole = rowBytes * feeds.rows <= stageBytes;
    const fitting = Math.max(1, Math.floor(stageBytes / rowBytes / batchSize)) * batchSize;
    this.windowRows = whole ? feeds.rows : Math.min(feeds.rows, fitting);
    let at = executor.stageBase;
    this.#order = at;
    at += this.#shuffle ? alignUp(4 * feeds.rows) : 0;
    this.#feeds = stored.map(({ feed, type }) => {
      const address = at;
      at += alignUp(this.windowRows * feed.columns * BYTES[type]);
      return { ...feed, address, stored: type };
    });
    executor.reserveStage(at - executor.stageBase);
    executor.dropTapes();
    this.tensors = new Map(
      this.#feeds.map((f) => [f.name, { address: f.address, dtype: f.stored, rows: this.windowRows }]),
    );
    this.key = `staged ${this.windowRows} ${this.#feeds.map((f) => f.stored).join()}`;
  }

  get whole(): boolean {
    return this.windowRows === this.rows;
  }

  /** The row of the data set at a position of the current epoch. */
  rowAt(position: number): number {
    return this.#permutation ? this.#permutation[position]! : position;
  }

  /** Makes the rows from `position` on available; sets the cursor. Returns how many rows follow in this window. */
  seek(epoch: number, position: number): number {
    if (epoch !== this.#epoch) this.#beginEpoch(epoch);
    const window = Math.floor(position / this.windowRows);
    const start = window * this.windowRows;
    const end = Math.min(this.rows, start + this.windowRows);
    if (window !== this.#window) this.#load(window, start, end);
    const { core, program } = this.#executor;
    const at = program.plan.layout.uniforms >> 2;
    core.u32[at + Uniform.Cursor] = position - start;
    core.u32[at + Uniform.CursorEnd] = end - start;
    core.u32[at + Uniform.Indices] = this.#shuffle && this.whole ? this.#order : 0;
    return end - position;
  }

  #beginEpoch(epoch: number): void {
    this.#epoch = epoch;
    if (!this.whole || this.#window < 0) this.#window = -1;
    if (!this.#shuffle) return;
    const writer = new TapeWriter();
    writer.record(Op.Permutation, [this.#order, this.rows, epoch, STREAM.shuffle]);
    this.#executor.runOnce(writer);
    const at = this.#order >> 2;
    this.#permutation = this.#executor.core.u32.slice(at, at + this.rows);
  }

  #load(window: number, start: number, end: number): void {
    this.#window = window;
    const { core } = this.#executor;
    for (const { data, columns, address, stored } of this.#feeds) {
      const target = stored === "u8" ? core.u8 : stored === "i32" ? core.i32 : core.f32;
      const at = stored === "u8" ? address : address >> 2;
      if (this.whole) {
        target.set(data as ArrayLike<number>, at);
        continue;
      }
      for (let i = start; i < end; i++) {
        const row = this.rowAt(i) * columns;
        const to = at + (i - start) * columns;
        if (columns === 1) target[to] = data[row]!;
        else if (Array.isArray(data)) target.set(data.slice(row, row + columns), to);
        else target.set((data as Float32Array).subarray(row, row + columns), to);
      }
    }
  }
}
