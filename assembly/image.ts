/**
 * The kernel pack of images: convolution and pooling.
 * Place: built as a module of its own, which shares memory and function table with a core; see src/core/instance.ts.
 * Invariant: its static memory and its part of the function table lie behind the core's (scripts/build.mjs).
 */
import "./tape/image-forward-kernels";
import "./tape/image-training-kernels";

export { heapBase } from "./tape/kernel-table";
