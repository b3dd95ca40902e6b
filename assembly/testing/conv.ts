/**
 * Convolution's records for benchmarks; no part of the shipped core.
 * Invariant: exports only, no code of its own.
 */
export { conv2d } from "../kernels/conv/conv";
export { conv2dInputGrad } from "../kernels/conv/conv-input-grad";
export { conv2dWeightGrad } from "../kernels/conv/conv-weight-grad";
