/**
 * The kernel pack of normalization by the statistics of channels.
 * Place: built as a module of its own, beside a core; see src/packs. Invariant: its static memory and its part of the
 * function table lie in places of their own (scripts/build.mjs).
 */
import "./tape/normalize-kernels";

export { heapBase } from "./tape/kernel-table";
