/**
 * The table that leads from an op to its kernel, and from some kernels to their parts, shared by the core and the kernel packs beside it.
 * Place: leaf of tape/; filled by the files that list kernels, read by dispatch. A core keeps the table in its own
 * memory; a pack, compiled with PACK defined, is given the core's address of it.
 * Invariant: KERNELS[op] is written before `run` can be called, or 0 where no loaded module has the op.
 */
import { Slot } from "../../src/abi";

// Imported from the module that bears this file's name.
declare const coreKernels: usize;

// u32 indices into the function table: ops, then parts of kernels (see Slot); the slot of Op.End holds the step itself,
// Slot.Uniforms the address of the running call's uniforms
// @ts-expect-error: PACK is defined on the command line of some builds
export const KERNELS: usize = isDefined(PACK) ? coreKernels : memory.data(Slot.Count << 2, 4);

/** Fills a place of the table unless another module has: for kernels that a pack carries for cores without them. */
export function offer(slot: i32, index: u32): void {
  if (!load<u32>(KERNELS + ((<usize>slot) << 2))) store<u32>(KERNELS + ((<usize>slot) << 2), index);
}

/** First address that this module does not use itself; above the core's own come its packs, then the host's. */
export function heapBase(): usize {
  return __heap_base;
}
