// What the classes of a model are called, kept in the metadata of its file.
// Place: command line: written when a model was trained on folders with names, read by `predict`.
// Invariant: weights and their checksum are untouched; a file without names gives the numbers of the classes.

import { readSafetensors, type SafetensorsTensor, writeSafetensors } from "../io/safetensors.ts";

const KEY = "edgegrad.classes";

/** The file with names for its classes. */
export function withClassNames(file: Uint8Array, names: readonly string[]): Uint8Array {
  const { metadata, tensors } = readSafetensors(file);
  const entries = Array.from(tensors, ([name, view]) => ({ ...view, name }) as SafetensorsTensor);
  return writeSafetensors(entries, { ...metadata, [KEY]: JSON.stringify(names) });
}

/** Names of a file's classes, as many as the model has outputs. */
export function classNamesOf(file: Uint8Array, classes: number): readonly string[] {
  const text = readSafetensors(file).metadata[KEY];
  const names: unknown = text === undefined ? undefined : parse(text);
  const sound =
    Array.isArray(names) && names.length === classes && names.every((name) => typeof name === "string");
  return sound ? (names as string[]) : Array.from({ length: classes }, (_, i) => String(i));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
