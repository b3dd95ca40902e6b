/**
 * The kernel pack of augmentation: pictures shifted, turned and recoloured at random.
 * Place: built as a module of its own, beside a core; see src/packs. Invariant: its static memory and its part of the
 * function table lie behind the image pack's (scripts/build.mjs).
 */
import "./tape/augment-kernels";

export { heapBase } from "./tape/kernel-table";
