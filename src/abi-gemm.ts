/**
 * Sizes that the matrix product kernels and the host's planner must agree on, read by tsc and asc alike.
 * Place: leaf, beside abi.ts. Invariant: plain number literals only, so that both compilers fold them.
 */

/**
 * Bytes of 64-byte aligned scratch that `gemm` may overwrite: one packed 6×256 panel of A (6,144),
 * one 6×8 tile of C for ragged columns (256 with padding) and one packed 256×1024 block of B (1,048,576).
 */
export const GEMM_SCRATCH_BYTES = 1054976;
