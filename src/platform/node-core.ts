// The full core inside the JS, as Node opens it soonest: bytes that need no inflating, compiled at once.
//
// Place: used by the entries of the export condition `node`. Invariant: the same module as openStreamed gives. Node would load
// its streams for DecompressionStream or node:zlib, and a thread that compiles is woken later than the core is compiled.

import { coreSimdPlain } from "../../build/generated/core-simd-plain.js";
import type { Variant } from "./load.ts";
import { embeddedCores } from "./open-core.ts";

async function binaryOf(variant: Variant): Promise<Uint8Array<ArrayBuffer>> {
  if (variant === "simd") return Buffer.from(coreSimdPlain, "base64");
  const { coreRelaxed } = await import("../../build/generated/core-relaxed.js");
  const { inflateRawSync } = await import("node:zlib");
  return inflateRawSync(Buffer.from(coreRelaxed, "base64"));
}

export const loadOnNode = /* @__PURE__ */ embeddedCores(binaryOf, (bytes) => new WebAssembly.Module(bytes));
