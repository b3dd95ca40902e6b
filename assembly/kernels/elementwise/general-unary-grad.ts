/**
 * The gradients of the rarer activations. Place: listed by tape/general-kernels.ts.
 * Invariant: their functions are in general-unary.ts.
 */
import { Slot, UnaryFn } from "../../../src/abi";
import { KERNELS } from "../../tape/kernel-table";
import { UnaryGrad } from "./unary-grad-loop";

function elu(out: usize, a: usize, dy: usize, end: usize, p: f32, q: f32): void {
  UnaryGrad.loop(UnaryFn.Elu, out, a, dy, end, p, q);
}
function gelu(out: usize, a: usize, dy: usize, end: usize, p: f32, q: f32): void {
  UnaryGrad.loop(UnaryFn.Gelu, out, a, dy, end, p, q);
}
function geluTanh(out: usize, a: usize, dy: usize, end: usize, p: f32, q: f32): void {
  UnaryGrad.loop(UnaryFn.GeluTanh, out, a, dy, end, p, q);
}
function silu(out: usize, a: usize, dy: usize, end: usize, p: f32, q: f32): void {
  UnaryGrad.loop(UnaryFn.Silu, out, a, dy, end, p, q);
}
function softplus(out: usize, a: usize, dy: usize, end: usize, p: f32, q: f32): void {
  UnaryGrad.loop(UnaryFn.Softplus, out, a, dy, end, p, q);
}
function huber(out: usize, a: usize, dy: usize, end: usize, p: f32, q: f32): void {
  UnaryGrad.loop(UnaryFn.Huber, out, a, dy, end, p, q);
}

store<u32>(KERNELS, elu.index, (Slot.UnaryGrad + UnaryFn.Elu) << 2);
store<u32>(KERNELS, gelu.index, (Slot.UnaryGrad + UnaryFn.Gelu) << 2);
store<u32>(KERNELS, geluTanh.index, (Slot.UnaryGrad + UnaryFn.GeluTanh) << 2);
store<u32>(KERNELS, silu.index, (Slot.UnaryGrad + UnaryFn.Silu) << 2);
store<u32>(KERNELS, softplus.index, (Slot.UnaryGrad + UnaryFn.Softplus) << 2);
store<u32>(KERNELS, huber.index, (Slot.UnaryGrad + UnaryFn.Huber) << 2);
