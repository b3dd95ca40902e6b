/**
 * The WASM core: all kernels. Place: entry of the variants simd, relaxed and debug.
 * Invariant: nothing but these three functions is exported.
 */
import "./tape/forward-kernels";
import "./tape/image-forward-kernels";
import "./tape/image-training-kernels";
import "./tape/training-kernels";

export * from "./run";
