/**
 * The kernel pack of everything that a dense classifier does not run and that belongs to no family.
 * Place: built as a module of its own, beside a core; see src/packs. Invariant: its static memory and its part of the
 * function table lie in places of their own (scripts/build.mjs).
 */
import "./tape/general-kernels";

export { heapBase } from "./tape/kernel-table";
