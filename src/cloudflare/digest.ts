// SHA-256 of whole files, where an answer can wait for it.
//
// Place: beside io/sha256.ts, which needs no waiting and no memory but takes 18 ms for 400 KB in a Worker that has just
// started. Invariant: the same digest.

import { hex } from "../core/hash.ts";
import { Sha256 } from "../io/sha256.ts";

/** The runtime copies what it hashes: larger files would not fit beside their model. */
const COPIED_BYTES = 1e6;

export async function digestOf(bytes: Uint8Array): Promise<string> {
  if (bytes.length > COPIED_BYTES) return new Sha256().update(bytes).hex();
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>)));
}
