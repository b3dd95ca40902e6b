// The packs that a program has, by name: those that its imports brought.
//
// Place: ops of the fixed vocabulary cannot hold a reference to their pack, or every bundle would carry it. Factories
// that need one add it here; core/required-kernels.ts looks up what the records of a tape ask for.
// Invariant: a pack, once known, stays; a core is given it only when a tape needs it.

import { Op, type Slot } from "../abi.ts";
import type { KernelPack } from "./kernel-pack.ts";

export const knownPacks = new Map<string, KernelPack>();

/** Makes packs known, to be put beside a core when a tape needs them. */
export function useKernels(...packs: readonly KernelPack[]): void {
  for (const pack of packs) knownPacks.set(pack.name, pack);
}

/** The pack that has what the smallest core lacks at a place of the table of kernels. */
export const packAt = (slot: Op | Slot): "general" | "sequence" =>
  slot === Op.ScatterAddRows || (slot >= Op.Rnn && slot <= Op.RnnPrevious) ? "sequence" : "general";
