// The golden folder: where it is, what its cases look like, and what one case can end as.
//
// Place: bottom of the golden runner. Invariant: nothing here knows the names or shapes of the cases found.

import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";

/** As the files write them; f32 unless `dtype` says otherwise. */
export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly dtype?: "i32" | "bool";
  readonly data: readonly number[];
}

export type Tensors = { readonly [name: string]: GoldenTensor };
export type Attributes = { readonly [name: string]: unknown };

/** How far PyTorch's own float32 lands from the right answer, by part. */
export type F32Errors = {
  readonly [part in "outputs" | "grads" | "params_after" | "update"]?: number;
};

/** What every kind of case has. */
export interface GoldenCase {
  readonly name: string;
  readonly kind: string;
  readonly torch_f32_err?: F32Errors;
}

export const DEFAULT_FOLDER = "../shared/golden";

export const goldenFolder = (): string => process.env.EDGEGRAD_GOLDEN ?? DEFAULT_FOLDER;

/** Files of the folder with their cases, as its index lists them; nothing if there is no such folder. */
export function readGolden(folder: string): { file: string; cases: GoldenCase[] }[] | undefined {
  const index = join(folder, "index.json");
  if (!existsSync(index)) return undefined;
  const { groups } = JSON.parse(readFileSync(index, "utf8")) as { groups: Record<string, { file: string }> };
  return Object.values(groups).map(({ file }) => {
    const bytes = readFileSync(join(folder, basename(file)));
    const text = (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
    return { file, cases: (JSON.parse(text) as { cases: GoldenCase[] }).cases };
  });
}

/** Thrown where the library has no such op, layer, loss, optimizer or initializer: the only reason for a skip. */
export class Missing extends Error {
  constructor(
    readonly what: "kind of case" | "op" | "layer" | "loss" | "optimizer" | "schedule" | "initializer",
    readonly which: string,
  ) {
    super(`the library has no ${what} ${which}`);
  }
}

/** A wrong number, with every part that is wrong. */
export class Wrong extends Error {}

/** The row of a support table; its absence is a skip that names it. */
export function supported<T>(table: Readonly<Record<string, T>>, what: Missing["what"], name: string): T {
  if (!Object.hasOwn(table, name)) throw new Missing(what, name);
  return table[name]!;
}

/** Options of a loss, optimizer or layer that the library's has no counterpart for, unless they say nothing. */
export function refuseOptions(
  given: Attributes,
  known: readonly string[],
  what: Missing["what"],
  name: string,
): void {
  for (const [key, value] of Object.entries(given)) {
    const silent = value === undefined || value === null || value === false || value === 0;
    if (!known.includes(key) && !silent)
      throw new Missing(what, `${name} with ${key} = ${JSON.stringify(value)}`);
  }
}
