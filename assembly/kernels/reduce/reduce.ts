/**
 * Sums, means, and through the table of kernels the rarer reductions. Place: a kernel of the tape, for
 * training and in the general pack.
 * Invariant: the order of the sum depends on (Length, Inner) alone; a row's bits do not depend on Outer.
 */
import { Op, ReduceField, ReduceFn, Slot, Status } from "../../../src/abi";
import { KERNELS, offer } from "../../tape/kernel-table";
import { Record } from "../../tape/record";
import { Sum } from "./sum";

// reduce: out[o, i] = f over l of a[o, l, i]   out: [Outer, Inner], a: [Outer, Length, Inner]; overwrites out
export function reduce(pc: usize): u32 {
  const fn = Record.u32(pc, ReduceField.Fn);
  const part = fn < <u32>ReduceFn.Count ? load<u32>(KERNELS + ((<usize>fn) << 2), Slot.Reduce << 2) : 0;
  if (!part) return Status.UnknownOp;
  let out = Record.ptr(pc, ReduceField.Out);
  let a = Record.ptr(pc, ReduceField.A);
  const length = Record.u32(pc, ReduceField.Length);
  const inner = Record.u32(pc, ReduceField.Inner);
  const aStep = (<usize>length * inner) << 2;
  for (let outer = Record.u32(pc, ReduceField.Outer); outer; --outer) {
    call_indirect<void>(part, out, a, length, inner);
    a += aStep;
    out += (<usize>inner) << 2;
  }
  return Status.Ok;
}

function quotient(out: usize, a: usize, length: u32, inner: u32, divisor: f64): void {
  const none = i32x4.splat(0);
  if (inner === 1) store<f32>(out, <f32>(Sum.run(true, none, a, length) / divisor));
  else Sum.columns(true, none, out, a, length, inner, divisor);
}

function sum(out: usize, a: usize, length: u32, inner: u32): void {
  quotient(out, a, length, inner, 1);
}

function mean(out: usize, a: usize, length: u32, inner: u32): void {
  quotient(out, a, length, inner, <f64>length);
}

offer(Op.Reduce, reduce.index);
offer(Slot.Reduce + ReduceFn.Sum, sum.index);
offer(Slot.Reduce + ReduceFn.Mean, mean.index);
