// SHA-256 of bytes, by the core: in an instance of its own, so that no trainer's memory grows for it.
//
// Place: used when files are written and checked. Invariant: the same digest as any other SHA-256.

import { Op, Uniform } from "../abi.ts";
import { alignUp } from "../plan/arena.ts";
import { TapeWriter } from "../tape/writer.ts";
import { CoreInstance } from "./instance.ts";

/** Lower-case hex. */
export function sha256(module: WebAssembly.Module, bytes: Uint8Array): string {
  const core = new CoreInstance(module);
  const uniforms = alignUp(core.heapBase);
  const tape = uniforms + alignUp(Uniform.Count * 4);
  const out = tape + 256;
  const payload = out + 64;
  core.reserve(payload + bytes.length);
  const writer = new TapeWriter();
  writer.record(Op.Sha256, [out, payload, bytes.length, 0]);
  writer.record(Op.End, [0]);
  core.u32.set(writer.words, tape >> 2);
  core.u8.set(bytes, payload);
  core.run(tape, uniforms, 1);
  return hex(core.u8.subarray(out, out + 32));
}

export const hex = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
