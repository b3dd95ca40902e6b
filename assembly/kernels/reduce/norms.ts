/**
 * Sums of squares and of sizes of whole runs: what regularizers and clipping ask for. Place: listed by
 * tape/training-kernels.ts. Invariant: the bits of the same sums in general-reduce.ts.
 */
import { ReduceFn, Slot } from "../../../src/abi";
import { offer } from "../../tape/kernel-table";
import { Sum } from "./sum";

/** Sum of squares, or of sizes, of a run: one function for both, whose mask picks squares. */
export function runTerms(out: usize, a: usize, length: u32, squares: bool): void {
  store<f32>(out, <f32>Sum.run(false, i32x4.splat(squares ? -1 : 0), a, length));
}

function sumSquares(out: usize, a: usize, length: u32, _inner: u32): void {
  runTerms(out, a, length, true);
}

function sumAbs(out: usize, a: usize, length: u32, _inner: u32): void {
  runTerms(out, a, length, false);
}

offer(Slot.Reduce + ReduceFn.SumSquares, sumSquares.index);
offer(Slot.Reduce + ReduceFn.SumAbs, sumAbs.index);
