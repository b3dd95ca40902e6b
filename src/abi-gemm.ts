/**
 * Sizes that the matrix product kernels and the host's planner must agree on, read by tsc and asc alike.
 * Place: leaf, beside abi.ts. Invariant: plain number literals only, so that both compilers fold them.
 */

/**
 * Bytes of 64-byte aligned scratch that `gemm` may overwrite: one packed panel of A (200 × 5 vectors, padded
 * to 16,384), one 5×8 tile of C for ragged columns (padded to 256) and one packed 200×512 block of B (409,600).
 */
export const GEMM_SCRATCH_BYTES = 426240;
