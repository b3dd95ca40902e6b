// The full core inside the JS.
//
// Place: between the build's output and the entries for hosts that may compile WASM. Invariant: the relaxed core is a
// chunk of its own, fetched only when asked for, so that it never counts in the default download.

import { coreSimd } from "../../build/generated/core-simd.js";
import type { Variant } from "./load.ts";
import { embeddedCores, openStreamed } from "./open-core.ts";

const textOf = async (variant: Variant): Promise<string> =>
  variant === "simd" ? coreSimd : (await import("../../build/generated/core-relaxed.js")).coreRelaxed;

export const loadEmbedded = /* @__PURE__ */ embeddedCores(textOf, openStreamed);
