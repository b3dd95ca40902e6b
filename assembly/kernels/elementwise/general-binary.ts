/**
 * The rarer binary functions. Place: listed by tape/general-kernels.ts.
 * Invariant: none of them is one of basic-binary.ts.
 */
import { BinaryFn, Slot } from "../../../src/abi";
import { KERNELS } from "../../tape/kernel-table";
import { Binary } from "./binary-loop";

function prefers(pc: usize, out: usize, a: usize, b: usize): void {
  Binary.plane(BinaryFn.Prefers, pc, out, a, b);
}
function pow(pc: usize, out: usize, a: usize, b: usize): void {
  Binary.plane(BinaryFn.Pow, pc, out, a, b);
}

store<u32>(KERNELS, prefers.index, (Slot.Binary + BinaryFn.Prefers) << 2);
store<u32>(KERNELS, pow.index, (Slot.Binary + BinaryFn.Pow) << 2);
