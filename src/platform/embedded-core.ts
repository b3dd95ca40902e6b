// Opens the WASM core that the build put inside the JS: base64 of the deflate-raw binary.
//
// Place: used by the entries of hosts that may compile WASM (all but workerd), before core/ instantiates.
// Invariant: the relaxed core is a chunk of its own, fetched only when asked for, so that it never counts
// in the default download. Inline text works in every bundler and needs no permission to read files.

import { coreSimd } from "../../build/generated/core-simd.js";

export type EmbeddedVariant = "simd" | "relaxed";

const compiled = new Map<EmbeddedVariant, Promise<WebAssembly.Module>>();

/** The compiled core of this variant; compiled once per realm, since a module holds no state. */
export function loadEmbedded(variant: EmbeddedVariant): Promise<WebAssembly.Module> {
  let module = compiled.get(variant);
  if (module === undefined) {
    module = compileEmbedded(variant);
    // A failure (no WASM allowed, a chunk that did not arrive) must not be remembered.
    module.catch(() => compiled.delete(variant));
    compiled.set(variant, module);
  }
  return module;
}

async function compileEmbedded(variant: EmbeddedVariant): Promise<WebAssembly.Module> {
  const text =
    variant === "simd" ? coreSimd : (await import("../../build/generated/core-relaxed.js")).coreRelaxed;
  const deflated = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const opened = new Blob([deflated]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return WebAssembly.compile(await new Response(opened).arrayBuffer());
}
