// The forward-only core inside the JS, of the same bits as the full one.
//
// Place: between the build's output and the entries for hosts that may compile WASM. Invariant: the relaxed core is a
// chunk of its own, fetched only when asked for, so that it never counts in the default download.

import { corePredict } from "../../build/generated/core-predict.js";
import { embeddedCores, openStreamed } from "./open-core.ts";

export const loadEmbedded = /* @__PURE__ */ embeddedCores(
  async (variant) =>
    variant === "simd" ? corePredict : (await import("../../build/generated/core-relaxed.js")).coreRelaxed,
  openStreamed,
);
