// Opens a WASM core that the build put inside the JS: base64 of the deflate-raw binary.
//
// Place: used by the entries of hosts that may compile WASM (all but workerd), before core/ instantiates.
// Invariant: a core is compiled once per realm, since a module holds no state. Inline text works in every bundler and
// needs no permission to read files.

import type { Variant } from "./load.ts";

/** A loader of compiled cores, given where the text of each variant comes from. */
export function embeddedCores(
  textOf: (variant: Variant) => string | Promise<string>,
): (variant: Variant) => Promise<WebAssembly.Module> {
  const compiled = new Map<Variant, Promise<WebAssembly.Module>>();
  return (variant) => {
    let module = compiled.get(variant);
    if (module === undefined) {
      module = compile(textOf(variant));
      // A failure (no WASM allowed, a chunk that did not arrive) must not be remembered.
      module.catch(() => compiled.delete(variant));
      compiled.set(variant, module);
    }
    return module;
  };
}

async function compile(text: string | Promise<string>): Promise<WebAssembly.Module> {
  const deflated = Uint8Array.from(atob(await text), (character) => character.charCodeAt(0));
  // Read by hand: Blob and Response would make Node load its whole fetch, 27 ms of a cold start.
  const { readable, writable } = new DecompressionStream("deflate-raw");
  const writer = writable.getWriter();
  const written = writer.write(deflated).then(() => writer.close());
  let binary = new Uint8Array();
  for (const reader = readable.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    const longer = new Uint8Array(binary.length + value.length);
    longer.set(binary);
    longer.set(value, binary.length);
    binary = longer;
  }
  await written;
  return WebAssembly.compile(binary);
}
