// A preprocessing inside a model file: written to the metadata, and read back with every field checked.
//
// Place: after `trainer.saveModel()` and before a prediction from raw rows. Invariant: whatever passes `checked` is a
// preprocessing that applyPreprocessing can follow; the file's tensors and their checksum are not touched.

import { FormatError } from "../errors.ts";
import { readSafetensors, type SafetensorsTensor, writeSafetensors } from "../io/safetensors.ts";
import {
  DATE_PARTS,
  type FittedColumn,
  type FittedTarget,
  featureCount,
  type Preprocessing,
} from "./preprocessing.ts";
import { badName } from "./table.ts";

/** The metadata's key. */
export const PREPROCESSING = "edgegrad.preprocessing";

const MAX_TEXT = 16e6;
const MAX_COLUMNS = 10_000;
const MAX_CATEGORIES = 1_000_000;
const MAX_FEATURES = 1_000_000;
const FORBIDDEN: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

function refuse(what: string): never {
  throw new FormatError("preprocessing/malformed", `the file's preprocessing is malformed: ${what}`);
}

type Fields = Readonly<Record<string, unknown>>;

/** An object with exactly these keys. */
function fields(value: unknown, what: string, keys: readonly string[]): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuse(`${what} is no object`);
  const own = Object.keys(value);
  if (own.length !== keys.length || !keys.every((key) => Object.hasOwn(value, key)))
    refuse(`${what} has the fields ${own.slice(0, 12).join(", ")}, expected ${keys.join(", ")}`);
  return value as Fields;
}

function number(value: unknown, what: string): number {
  return typeof value === "number" && Number.isFinite(value) ? value : refuse(`${what} is no number`);
}

function flag(value: unknown, what: string): boolean {
  return typeof value === "boolean" ? value : refuse(`${what} is neither true nor false`);
}

function choice<const T>(value: unknown, what: string, choices: readonly T[]): T {
  return choices.includes(value as T) ? (value as T) : refuse(`${what} is none of ${choices.join(", ")}`);
}

function list(value: unknown, what: string, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > most) refuse(`${what} is no list of at most ${most}`);
  return value;
}

function name(value: unknown, what: string): string {
  const bad = badName(value);
  return bad === undefined ? (value as string) : refuse(`${what}: ${bad}`);
}

function texts(value: unknown, what: string): string[] {
  const values = list(value, what, MAX_CATEGORIES).map((text) =>
    typeof text === "string" && text.length <= 10_000
      ? text
      : refuse(`${what} holds something that is no text`),
  );
  if (new Set(values).size !== values.length) refuse(`${what} holds a value twice`);
  return values;
}

function scale(raw: Fields, what: string): { offset: number; divisor: number } {
  const divisor = number(raw.divisor, `the divisor of ${what}`);
  if (divisor === 0) refuse(`the divisor of ${what} is 0`);
  return { offset: number(raw.offset, `the offset of ${what}`), divisor };
}

const fill = (value: unknown, what: string) => (value === null ? null : number(value, `the fill of ${what}`));

function column(value: unknown): FittedColumn {
  const raw = value as Fields | null;
  const what = `column ${JSON.stringify(String(raw?.name).slice(0, 100))}`;
  const type = choice(raw?.type, `the type of ${what}`, ["numeric", "category", "date"]);
  if (type === "numeric") {
    const f = fields(raw, what, ["type", "name", "fill", "flag", "offset", "divisor"]);
    return {
      type,
      name: name(f.name, what),
      fill: fill(f.fill, what),
      flag: flag(f.flag, what),
      ...scale(f, what),
    };
  }
  if (type === "date") {
    const f = fields(raw, what, ["type", "name", "format", "fill", "flag", "parts"]);
    const parts = list(f.parts, `the parts of ${what}`, DATE_PARTS.length).map((entry) => {
      const p = fields(entry, `a part of ${what}`, ["part", "offset", "divisor"]);
      return { part: choice(p.part, `a part of ${what}`, DATE_PARTS), ...scale(p, what) };
    });
    if (parts.length === 0) refuse(`${what} has no parts`);
    const ms = fill(f.fill, what);
    // Beyond this JavaScript has no dates.
    if (ms !== null && Math.abs(ms) > 8.64e15) refuse(`the fill of ${what} is no date`);
    const format = choice(f.format, `the format of ${what}`, ["iso", "dmy", "mdy"]);
    return { type, name: name(f.name, what), format, fill: ms, flag: flag(f.flag, what), parts };
  }
  const f = fields(raw, what, ["type", "name", "values", "encode", "dimensions", "missing", "unseen"]);
  const values = texts(f.values, `the values of ${what}`);
  const encode = choice(f.encode, `the encoding of ${what}`, ["oneHot", "embedding"]);
  const dimensions = number(f.dimensions, `the dimensions of ${what}`);
  const wide = Number.isInteger(dimensions) && dimensions >= 1 && dimensions <= 1024;
  if (encode === "oneHot" ? dimensions !== 0 : !wide) refuse(`${what} has ${dimensions} dimensions`);
  if (values.length === 0) refuse(`${what} has no values`);
  const { missing } = f;
  const index =
    typeof missing === "number" && Number.isInteger(missing) && missing >= 0 && missing < values.length;
  return {
    ...{ type, name: name(f.name, what), values, encode, dimensions },
    missing: index ? missing : choice(missing, `what is missing in ${what}`, ["own", "unseen", "refuse"]),
    unseen: choice(f.unseen, `what is unseen in ${what}`, ["other", "refuse"]),
  };
}

function target(value: unknown): FittedTarget | null {
  if (value === null) return null;
  const type = choice((value as Fields | undefined)?.type, "the type of the target", ["classes", "number"]);
  if (type === "number") {
    const f = fields(value, "the target", ["type", "name", "offset", "divisor"]);
    return { type, name: name(f.name, "the target"), ...scale(f, "the target") };
  }
  const f = fields(value, "the target", ["type", "name", "values"]);
  const values = texts(f.values, "the classes");
  if (values.length < 2) refuse("the target has fewer than two classes");
  return { type, name: name(f.name, "the target"), values };
}

function checked(raw: unknown): Preprocessing {
  const version = (raw as Fields | null)?.version;
  if (typeof version === "number" && version !== 1)
    throw new FormatError(
      "preprocessing/version",
      `the file's preprocessing has version ${version}, this release reads 1: update edgegrad`,
    );
  const f = fields(raw, "it", ["version", "columns", "target", "ignored"]);
  if (version !== 1) refuse("it has no version");
  const columns = list(f.columns, "columns", MAX_COLUMNS).map(column);
  const goal = target(f.target);
  const ignored = list(f.ignored, "ignored", MAX_COLUMNS).map((entry) => name(entry, "an ignored column"));
  const names = [...columns.map((c) => c.name), ...ignored, ...(goal ? [goal.name] : [])];
  if (columns.length === 0) refuse("it has no columns");
  if (new Set(names).size !== names.length) refuse("it names a column twice");
  const features = columns.reduce((sum, c) => sum + featureCount(c), 0);
  if (features > MAX_FEATURES) refuse(`it makes ${features} features, at most ${MAX_FEATURES} are read`);
  return { version: 1, columns, target: goal, ignored };
}

/** A preprocessing from untrusted JSON text. @throws FormatError for anything that is not of this form */
export function preprocessingFromJson(json: string): Preprocessing {
  if (json.length > MAX_TEXT) refuse(`${json.length} characters, at most ${MAX_TEXT} are read`);
  let raw: unknown;
  try {
    raw = JSON.parse(json, (key, value: unknown) =>
      FORBIDDEN.has(key) ? refuse(`the name "${key}"`) : value,
    );
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    throw new FormatError("preprocessing/malformed", "the file's preprocessing is no JSON", {}, { cause });
  }
  return checked(raw);
}

/**
 * A model file (or checkpoint) with a preprocessing in it; one that it had is replaced. Weights and checksum stay.
 *
 * @example
 * const file = withPreprocessing(trainer.saveModel(), preprocessing);
 */
export function withPreprocessing(file: Uint8Array, preprocessing: Preprocessing): Uint8Array<ArrayBuffer> {
  const json = JSON.stringify(preprocessing);
  preprocessingFromJson(json);
  const { metadata, tensors } = readSafetensors(file);
  const copies = [...tensors].map(([tensor, { dtype, shape, data }]) => ({
    ...{ name: tensor, shape, data },
    dtype: dtype as SafetensorsTensor["dtype"],
  }));
  return writeSafetensors(copies, { ...metadata, [PREPROCESSING]: json });
}

/** The preprocessing of a file, if it has one. @throws FormatError if it is damaged or hostile */
export function preprocessingIn(file: Uint8Array): Preprocessing | undefined {
  const json = readSafetensors(file).metadata[PREPROCESSING];
  return json === undefined ? undefined : preprocessingFromJson(json);
}
