// Tables of a model's object, and state in chunks.
//
// Place: under the learner, the example store and the run. Invariant: no value reaches the 2 MB that a row may hold;
// callers write within one transaction, so a state is there whole or not at all.

import { ConfigError, StateError } from "../errors.ts";
import type { StoredFile } from "../train/checkpoint-model.ts";
import type { FileSink } from "../train/state-stream.ts";
import type { SqlStorage, SqlValue } from "./object-platform.ts";

const TABLES = [
  "CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
  // No rowid table of pairs: a blob's chunks lie beside each other.
  "CREATE TABLE IF NOT EXISTS chunks (blob INTEGER, part INTEGER, bytes BLOB NOT NULL, PRIMARY KEY (blob, part))",
  `CREATE TABLE IF NOT EXISTS versions (version INTEGER PRIMARY KEY, blob INTEGER NOT NULL, step INTEGER NOT NULL,
     fingerprint TEXT NOT NULL, source TEXT NOT NULL, label TEXT, kept INTEGER NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS journal (version INTEGER PRIMARY KEY, step INTEGER NOT NULL, seed INTEGER NOT NULL,
     example BLOB NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS answers (seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, request TEXT NOT NULL,
     answer TEXT NOT NULL)`,
  "CREATE TABLE IF NOT EXISTS examples (slot INTEGER PRIMARY KEY, id INTEGER NOT NULL, row BLOB NOT NULL)",
];

export const CHUNK_BYTES = 1 << 20;
/** A header is one row. */
const MAX_HEADER_BYTES = 1.9e6;

export function createTables(sql: SqlStorage): void {
  for (const table of TABLES) sql.exec(table);
}

export function readFact<T>(sql: SqlStorage, name: string): T | undefined {
  const row = first<{ value: string }>(sql, "SELECT value FROM facts WHERE name = ?", name);
  return row && (JSON.parse(row.value) as T);
}

export function writeFact(sql: SqlStorage, name: string, value: unknown): void {
  sql.exec("INSERT OR REPLACE INTO facts VALUES (?, ?)", name, JSON.stringify(value));
}

export function first<T extends Record<string, SqlValue>>(
  sql: SqlStorage,
  query: string,
  ...bindings: (string | number)[]
): T | undefined {
  return sql.exec<T>(query, ...bindings).toArray()[0];
}

/** A new blob, written chunk by chunk: its payload in parts from 1, its header as part 0. Returns its number. */
export function writeBlob(sql: SqlStorage, write: (sink: FileSink) => void): number {
  const blob =
    (first<{ last: number }>(sql, "SELECT MAX(0, COALESCE(MAX(blob), 0)) AS last FROM chunks")?.last ?? 0) +
    1;
  const parts = new PartWriter(sql, blob, 1);
  write({
    payload: (piece) => parts.write(piece),
    cut: () => parts.flush(),
    header(bytes) {
      parts.flush();
      if (bytes.length > MAX_HEADER_BYTES)
        throw new ConfigError(
          "model/too-many-parts",
          `the model's description takes ${bytes.length} bytes, ${MAX_HEADER_BYTES} are allowed: use fewer layers`,
        );
      sql.exec("INSERT INTO chunks VALUES (?, 0, ?)", blob, bytes);
    },
  });
  return blob;
}

/** Gathers bytes and stores them as parts of a blob. */
export class PartWriter {
  readonly #sql: SqlStorage;
  readonly #blob: number;
  readonly #chunk = new Uint8Array(CHUNK_BYTES);
  #part: number;
  #filled = 0;

  constructor(sql: SqlStorage, blob: number, part: number) {
    this.#sql = sql;
    this.#blob = blob;
    this.#part = part;
  }

  write(piece: Uint8Array): void {
    for (let at = 0; at < piece.length; ) {
      const count = Math.min(piece.length - at, CHUNK_BYTES - this.#filled);
      this.#chunk.set(piece.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
      if (this.#filled === CHUNK_BYTES) this.flush();
    }
  }

  flush(): void {
    if (this.#filled === 0) return;
    const bytes = this.#chunk.subarray(0, this.#filled);
    this.#sql.exec("INSERT INTO chunks VALUES (?, ?, ?)", this.#blob, this.#part++, bytes);
    this.#filled = 0;
  }
}

/** One part of a blob. @throws StateError if it is gone: the state was deleted while it was being read */
function readPart(sql: SqlStorage, blob: number, part: number): Uint8Array<ArrayBuffer> {
  const row = first<{ bytes: ArrayBuffer }>(
    sql,
    "SELECT bytes FROM chunks WHERE blob = ? AND part = ?",
    ...[blob, part],
  );
  if (!row) throw new StateError("storage/blob", "a stored state is missing", { blob });
  return new Uint8Array(row.bytes);
}

/** A blob as a file that is read chunk by chunk, or only where it is asked for. */
export function blobSource(sql: SqlStorage, blob: number): StoredFile {
  const rows = sql
    .exec<{ part: number; size: number }>(
      "SELECT part, LENGTH(bytes) AS size FROM chunks WHERE blob = ? ORDER BY part",
      blob,
    )
    .toArray();
  if (rows.length === 0) throw new StateError("storage/blob", "a stored state is missing", { blob });
  let bytes = 0;
  const parts = rows.map(({ part, size }) => {
    const begin = bytes;
    bytes += size;
    return { part, begin, end: bytes };
  });
  return {
    bytes,
    *pieces() {
      for (const { part } of parts) {
        const piece = readPart(sql, blob, part);
        yield piece;
        release(piece);
      }
    },
    read(begin, end, into) {
      const within = parts.filter((part) => part.begin < end && part.end > begin);
      const [only] = within;
      if (!into && within.length === 1 && only!.begin === begin && only!.end === end)
        return readPart(sql, blob, only!.part);
      const out = into ?? new Uint8Array(end - begin);
      for (const { part, begin: at } of within) {
        const piece = readPart(sql, blob, part);
        const from = Math.max(begin - at, 0);
        out.set(piece.subarray(from, end - at), at + from - begin);
        release(piece);
      }
      return out;
    },
  };
}

/** Frees a buffer now rather than at the next garbage collection, which 24 MB of chunks do not bring about. */
export function release(bytes: Uint8Array): void {
  const buffer = bytes.buffer as ArrayBuffer & { transfer?(length: number): ArrayBuffer };
  if (buffer.byteLength > 0) buffer.transfer?.(0);
}

export function deleteBlob(sql: SqlStorage, blob: number): void {
  sql.exec("DELETE FROM chunks WHERE blob = ?", blob);
}
