// The small JSON bodies of the object's routes.
//
// Place: checked before anything of a request is used. Invariant: unknown fields are refused, never ignored.

import * as v from "valibot";

export const startBody = v.strictObject({
  epochs: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000)),
  shuffle: v.optional(v.boolean(), true),
});
export const labelBody = v.strictObject({ label: v.optional(v.pipe(v.string(), v.maxLength(200))) });
export const rollbackBody = v.strictObject({ version: v.pipe(v.number(), v.safeInteger(), v.minValue(1)) });
