/**
 * Entry of the test build: raw kernels of every family, one line each.
 * Place: built by asconfig.testing.json; no part of the shipped core. Invariant: exports only.
 */
export * from "./testing/conv";
export * from "./testing/gemm";
export * from "./testing/peak";
