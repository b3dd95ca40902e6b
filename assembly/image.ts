/**
 * The kernel pack of images: convolution, pooling, augmentation.
 * Place: built as a module of its own, which shares memory and function table with a core; see src/core/instance.ts.
 * Invariant: its static memory lies between PackMemory.Image of src/abi.ts and the next pack's.
 */
import "./tape/image-forward-kernels";
import "./tape/image-training-kernels";

export { heapBase } from "./tape/kernel-table";
