// Tables of a model's object, and state in chunks.
//
// Place: under the learner, the example store and the run. Invariant: no value reaches the 2 MB that a row may hold;
// callers write within one transaction, so a state is there whole or not at all.

import { StateError } from "../errors.ts";
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

/** Writes bytes as a new blob; returns its number. */
export function writeBlob(sql: SqlStorage, bytes: Uint8Array): number {
  const blob =
    (first<{ last: number }>(sql, "SELECT COALESCE(MAX(blob), 0) AS last FROM chunks")?.last ?? 0) + 1;
  for (let part = 0; part * CHUNK_BYTES < bytes.length || part === 0; part++)
    sql.exec(
      "INSERT INTO chunks VALUES (?, ?, ?)",
      ...[blob, part, bytes.subarray(part * CHUNK_BYTES, (part + 1) * CHUNK_BYTES)],
    );
  return blob;
}

export function readBlob(sql: SqlStorage, blob: number): Uint8Array {
  const size = first<{ size: number }>(
    sql,
    "SELECT SUM(LENGTH(bytes)) AS size FROM chunks WHERE blob = ?",
    blob,
  );
  if (!size?.size) throw new StateError("storage/blob", "a stored state is missing", { blob });
  const bytes = new Uint8Array(size.size);
  let at = 0;
  for (const row of sql.exec<{ bytes: ArrayBuffer }>(
    "SELECT bytes FROM chunks WHERE blob = ? ORDER BY part",
    blob,
  )) {
    bytes.set(new Uint8Array(row.bytes), at);
    at += row.bytes.byteLength;
  }
  return bytes;
}

export function deleteBlob(sql: SqlStorage, blob: number): void {
  sql.exec("DELETE FROM chunks WHERE blob = ?", blob);
}
