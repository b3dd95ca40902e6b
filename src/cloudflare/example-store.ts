// A model's examples: a bounded table of rows, filled as a reservoir or as a sliding window.
//
// Place: appended to by requests, read by training runs. Invariant: slots 0 … count − 1 are filled without a hole, and
// which example lies where depends on the seed and the order of appends alone.

import { PhiloxStream } from "../data/philox.ts";
import { ShapeError } from "../errors.ts";
import type { ModelRecord } from "./model-record.ts";
import type { SqlStorage } from "./object-platform.ts";
import { first, readFact, writeFact } from "./object-schema.ts";
import { decodeBatch, encodeBatch, type PackedBatch, rowsOfBatch } from "./packed-rows.ts";
import { RequestError } from "./request-error.ts";
import { MAX_EXAMPLE_BYTES, MAX_EXAMPLE_STORE_BYTES } from "./settings.ts";

export interface StoreStatus {
  /** Examples that were ever appended. */
  readonly seen: number;
  readonly count: number;
  readonly capacity: number;
  readonly policy: "reservoir" | "window";
}

export class ExampleStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  status({ examples }: ModelRecord): StoreStatus {
    const seen = readFact<number>(this.#sql, "seen") ?? 0;
    return { seen, count: Math.min(seen, examples.capacity), ...examples };
  }

  /** Within a transaction. @throws ShapeError or RequestError before anything is written */
  append({ examples, spec }: ModelRecord, batch: PackedBatch): number {
    const { capacity, policy } = examples;
    let seen = readFact<number>(this.#sql, "seen") ?? 0;
    const rows = [...rowsOfBatch(batch)].map(encodeBatch);
    for (const row of rows) {
      if (row.length > MAX_EXAMPLE_BYTES)
        throw new ShapeError(
          "examples/too-large",
          `an example may take ${MAX_EXAMPLE_BYTES} bytes, got ${row.length}`,
        );
      if (row.length * capacity > MAX_EXAMPLE_STORE_BYTES)
        throw new RequestError(
          413,
          "examples/store",
          `${capacity} examples of ${row.length} bytes exceed ${MAX_EXAMPLE_STORE_BYTES}: create the model with a smaller capacity`,
        );
    }
    for (const row of rows) {
      const slot = policy === "window" ? seen % capacity : reservoirSlot(spec.seed, seen, capacity);
      if (slot < capacity)
        this.#sql.exec("INSERT OR REPLACE INTO examples VALUES (?, ?, ?)", slot, seen, row);
      seen++;
    }
    writeFact(this.#sql, "seen", seen);
    return seen;
  }

  row(slot: number): PackedBatch {
    const found = first<{ row: ArrayBuffer }>(this.#sql, "SELECT row FROM examples WHERE slot = ?", slot);
    if (!found) throw new RequestError(409, "examples/missing", `example ${slot} is not there any more`);
    return decodeBatch(found.row);
  }

  /** Within a transaction. */
  clear(): void {
    this.#sql.exec("DELETE FROM examples");
    writeFact(this.#sql, "seen", 0);
  }
}

/** Algorithm R (Vitter 1985): example i replaces a slot with probability capacity / (i + 1). */
function reservoirSlot(seed: number, index: number, capacity: number): number {
  return index < capacity ? index : new PhiloxStream(seed, index >>> 0).below(index + 1);
}
