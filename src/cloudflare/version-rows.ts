// The versions of a model as rows of the object's storage.
//
// Place: under the learner, beside object-schema.ts. Invariant: reads only; a model that exists has a newest version.

import { StateError } from "../errors.ts";
import type { SqlStorage } from "./object-platform.ts";
import { first } from "./object-schema.ts";
import { versionNotKept } from "./request-error.ts";

export interface VersionEntry {
  readonly version: number;
  readonly step: number;
  readonly fingerprint: string;
  /** What made it: created, updates, training, import, rollback. */
  readonly source: string;
  readonly label: string | null;
  readonly kept: boolean;
}

export interface VersionRow extends Record<string, string | number | null> {
  version: number;
  blob: number;
  step: number;
  fingerprint: string;
  source: string;
  label: string | null;
  kept: number;
}

/** @throws StateError if there is none */
export function newestVersion(sql: SqlStorage): VersionRow {
  const row = first<VersionRow>(sql, "SELECT * FROM versions ORDER BY version DESC LIMIT 1");
  if (!row) throw new StateError("storage/versions", "the model has no stored state");
  return row;
}

/** @throws RequestError 404 */
export function keptVersion(sql: SqlStorage, version: number): VersionRow {
  const row = first<VersionRow>(sql, "SELECT * FROM versions WHERE version = ?", version);
  if (!row) throw versionNotKept(version);
  return row;
}
