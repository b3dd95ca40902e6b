/**
 * The WASM core of `edgegrad/predict`: the kernels of a forward pass. Place: entry of the variant predict.
 * Invariant: exports what index.ts exports, and a forward tape gives the same bits on both.
 */
import "./tape/forward-kernels";

export * from "./run";
