// The record of golden cases that have passed: what worked once may not turn into a skip.
//
// Place: beside the runner; the names live in test/golden/passed.json, written by `npm run golden -- --record`.
// Invariant: enforced only for the folder the names come from: another seed draws other cases under the same names.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { DEFAULT_FOLDER } from "./cases.ts";
import type { FileResult } from "./run.ts";

const RECORD = "test/golden/passed.json";

export const isDefaultFolder = (folder: string): boolean => resolve(folder) === resolve(DEFAULT_FOLDER);

const passedNames = (files: readonly FileResult[]): string[] =>
  files.flatMap((f) => f.cases.filter((c) => c.state === "passed").map((c) => c.name));

const readRecord = (): string[] =>
  existsSync(RECORD) ? (JSON.parse(readFileSync(RECORD, "utf8")) as string[]) : [];

/** Names of the record that did not pass now, although they failed in no visible way: skipped or gone. */
export function lostCases(files: readonly FileResult[]): string[] {
  const now = new Set(passedNames(files));
  return readRecord().filter((name) => !now.has(name));
}

/** Adds what passed now; nothing is ever taken off. */
export function addToRecord(files: readonly FileResult[]): number {
  const before = readRecord();
  const names = [...new Set([...before, ...passedNames(files)])].sort();
  writeFileSync(RECORD, `${JSON.stringify(names, null, 2)}\n`);
  return names.length - before.length;
}
