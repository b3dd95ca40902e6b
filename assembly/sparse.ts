/**
 * The kernel pack of products that skip zeros.
 * Place: built as a module of its own, beside a core; see src/packs. Invariant: its static memory and its part of the
 * function table lie in places of their own (scripts/build.mjs).
 */
import "./tape/sparse-kernels";

export { heapBase } from "./tape/kernel-table";
