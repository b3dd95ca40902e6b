/**
 * The kernel pack of small networks: several records of a step at once.
 * Place: built as a module of its own, beside a core; see src/packs. Invariant: its static memory and its part of the
 * function table lie in places of their own (scripts/build.mjs).
 */
import "./tape/small-kernels";

export { heapBase } from "./tape/kernel-table";
