// The versions of a model as rows of the object's storage.
//
// Place: under the learner, beside object-schema.ts. Invariant: reads only; a model that exists has a newest version.

import { StateError } from "../errors.ts";
import type { SqlStorage } from "./object-platform.ts";
import { first } from "./object-schema.ts";
import { RequestError, versionNotKept } from "./request-error.ts";
import { MAX_VERSIONS } from "./settings.ts";

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

export const versionEntries = (sql: SqlStorage): VersionEntry[] =>
  sql
    .exec<VersionRow>("SELECT * FROM versions ORDER BY version")
    .toArray()
    .map(({ version, step, fingerprint, source, label, kept }) => ({
      ...{ version, step, fingerprint, source, label, kept: kept === 1 },
    }));

/** @throws RequestError 409 if no more may be kept */
export function refuseMoreKept(sql: SqlStorage): void {
  const count = first<{ n: number }>(sql, "SELECT COUNT(*) AS n FROM versions WHERE kept = 1")!.n;
  if (count >= MAX_VERSIONS)
    throw new RequestError(
      409,
      "versions/full",
      `${MAX_VERSIONS} versions are kept already: delete one of them first`,
    );
}
