/**
 * Raw matrix product kernels for tests and benchmarks; no part of the shipped core.
 * Invariant: exports only, no code of its own.
 */

export { gemmBlocked } from "../kernels/gemm/blocked";
export { gemm } from "../kernels/gemm/gemm";
export { gemvColumns, gemvRows } from "../kernels/gemm/gemv";
export { gemmSmall, outer } from "../kernels/gemm/small";
