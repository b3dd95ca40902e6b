// Opens a WASM core that the build put inside the JS: base64 of the deflate-raw binary.
//
// Place: used by the entries of hosts that may compile WASM (all but workerd), before core/ instantiates.
// Invariant: a core is compiled once per realm, since a module holds no state. Inline text works in every bundler and
// needs no permission to read files.

import type { Variant } from "./load.ts";

/** A loader of compiled cores, given where each variant comes from, and how this host opens it. */
export function embeddedCores<Embedded>(
  find: (variant: Variant) => Promise<Embedded>,
  open: (embedded: Embedded) => WebAssembly.Module | Promise<WebAssembly.Module>,
): (variant: Variant) => Promise<WebAssembly.Module> {
  const compiled = new Map<Variant, Promise<WebAssembly.Module>>();
  return (variant) => {
    let module = compiled.get(variant);
    if (module === undefined) {
      module = find(variant).then(open);
      // A failure (no WASM allowed, a chunk that did not arrive) must not be remembered.
      module.catch(() => compiled.delete(variant));
      compiled.set(variant, module);
    }
    return module;
  };
}

/** By what every host has. Node, whose whole fetch would be loaded for it (27 ms), has node-core.ts. */
export async function openStreamed(text: string): Promise<WebAssembly.Module> {
  const deflated = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const inflated = new Blob([deflated]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return WebAssembly.compile(await new Response(inflated).arrayBuffer());
}
