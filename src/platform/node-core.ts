// Opens an embedded core with what Node has beside the web's interfaces.
//
// Place: used by the entries of the export condition `node`. Invariant: the same module as openStreamed gives. Node
// loads its web streams for DecompressionStream, and a thread that compiles is woken later than the core is compiled.

import { inflateRawSync } from "node:zlib";

export const openOnNode = (text: string): WebAssembly.Module =>
  new WebAssembly.Module(inflateRawSync(Buffer.from(text, "base64")));
