/**
 * The core's matrix product for kernels that may be in a pack.
 * Place: between recurrent kernels and gemm. Invariant: the same function, reached through the table of kernels, so that
 * no pack carries it again.
 */
import { Slot } from "../../../src/abi";
import { KERNELS } from "../../tape/kernel-table";

// c (+)= op(a)·op(b)   see gemm
// biome-ignore format: as gemm
export function sharedGemm(
  c: usize, a: usize, b: usize, m: u32, n: u32, k: u32, lda: u32, ldb: u32, ldc: u32,
  transA: bool, transB: bool, accumulate: bool, scratch: usize,
): void {
  call_indirect<void>(
    load<u32>(KERNELS, Slot.Gemm << 2),
    c, a, b, m, n, k, lda, ldb, ldc, transA, transB, accumulate, scratch,
  );
}
