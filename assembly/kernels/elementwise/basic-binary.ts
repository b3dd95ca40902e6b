/**
 * The binary functions of every core. Place: listed by tape/forward-kernels.ts.
 * Invariant: none of them calls a function of math/.
 */
import { BinaryFn, Slot } from "../../../src/abi";
import { KERNELS } from "../../tape/kernel-table";
import { Binary } from "./binary-loop";

function add(pc: usize, out: usize, a: usize, b: usize): void {
  Binary.plane(BinaryFn.Add, pc, out, a, b);
}
function sub(pc: usize, out: usize, a: usize, b: usize): void {
  Binary.plane(BinaryFn.Sub, pc, out, a, b);
}
function mul(pc: usize, out: usize, a: usize, b: usize): void {
  Binary.plane(BinaryFn.Mul, pc, out, a, b);
}
function div(pc: usize, out: usize, a: usize, b: usize): void {
  Binary.plane(BinaryFn.Div, pc, out, a, b);
}
function max(pc: usize, out: usize, a: usize, b: usize): void {
  Binary.plane(BinaryFn.Max, pc, out, a, b);
}
function min(pc: usize, out: usize, a: usize, b: usize): void {
  Binary.plane(BinaryFn.Min, pc, out, a, b);
}
function equal(pc: usize, out: usize, a: usize, b: usize): void {
  Binary.plane(BinaryFn.Equal, pc, out, a, b);
}
function greater(pc: usize, out: usize, a: usize, b: usize): void {
  Binary.plane(BinaryFn.Greater, pc, out, a, b);
}

store<u32>(KERNELS, add.index, (Slot.Binary + BinaryFn.Add) << 2);
store<u32>(KERNELS, sub.index, (Slot.Binary + BinaryFn.Sub) << 2);
store<u32>(KERNELS, mul.index, (Slot.Binary + BinaryFn.Mul) << 2);
store<u32>(KERNELS, div.index, (Slot.Binary + BinaryFn.Div) << 2);
store<u32>(KERNELS, max.index, (Slot.Binary + BinaryFn.Max) << 2);
store<u32>(KERNELS, min.index, (Slot.Binary + BinaryFn.Min) << 2);
store<u32>(KERNELS, equal.index, (Slot.Binary + BinaryFn.Equal) << 2);
store<u32>(KERNELS, greater.index, (Slot.Binary + BinaryFn.Greater) << 2);
