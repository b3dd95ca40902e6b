// A family of kernels that is compiled apart from the core, so that only programs with such ops carry it.
//
// Place: leaf; op definitions name their pack, core/instance.ts puts it beside a core. Its WASM module shares the
// core's memory and function table.
// Invariant: packs never overlap in memory or table: the places are fixed when they are compiled (scripts/build.mjs).

import type { Op, Slot } from "../abi.ts";

export interface KernelPack {
  readonly name: string;
  /** The binary. */
  open(): BufferSource;
  /** One of its places in the table of kernels: a core that has it filled has the pack's kernels built in. */
  readonly slot: Op | Slot;
}
