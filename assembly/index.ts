/**
 * The WASM core without kernel packs. Place: entry of the variant simd, for hosts that add packs as they need them.
 * Invariant: nothing but the functions of run.ts is exported.
 */
import "./tape/forward-kernels";
import "./tape/training-kernels";

export * from "./run";
