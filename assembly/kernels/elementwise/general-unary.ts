/**
 * The rarer unary functions. Place: listed by tape/general-kernels.ts.
 * Invariant: none of them is one of basic-unary.ts.
 */
import { Slot, UnaryFn } from "../../../src/abi";
import { KERNELS } from "../../tape/kernel-table";
import { Unary } from "./unary-loop";

function exp(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.Exp, out, a, end, p, q);
}
function log(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.Log, out, a, end, p, q);
}
function sin(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.Sin, out, a, end, p, q);
}
function cos(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.Cos, out, a, end, p, q);
}
function erf(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.Erf, out, a, end, p, q);
}
function elu(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.Elu, out, a, end, p, q);
}
function gelu(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.Gelu, out, a, end, p, q);
}
function geluTanh(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.GeluTanh, out, a, end, p, q);
}
function silu(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.Silu, out, a, end, p, q);
}
function softplus(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.Softplus, out, a, end, p, q);
}
function huber(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.Huber, out, a, end, p, q);
}
function log1p(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.Log1p, out, a, end, p, q);
}
function expm1(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.Expm1, out, a, end, p, q);
}

store<u32>(KERNELS, exp.index, (Slot.Unary + UnaryFn.Exp) << 2);
store<u32>(KERNELS, log.index, (Slot.Unary + UnaryFn.Log) << 2);
store<u32>(KERNELS, sin.index, (Slot.Unary + UnaryFn.Sin) << 2);
store<u32>(KERNELS, cos.index, (Slot.Unary + UnaryFn.Cos) << 2);
store<u32>(KERNELS, erf.index, (Slot.Unary + UnaryFn.Erf) << 2);
store<u32>(KERNELS, elu.index, (Slot.Unary + UnaryFn.Elu) << 2);
store<u32>(KERNELS, gelu.index, (Slot.Unary + UnaryFn.Gelu) << 2);
store<u32>(KERNELS, geluTanh.index, (Slot.Unary + UnaryFn.GeluTanh) << 2);
store<u32>(KERNELS, silu.index, (Slot.Unary + UnaryFn.Silu) << 2);
store<u32>(KERNELS, softplus.index, (Slot.Unary + UnaryFn.Softplus) << 2);
store<u32>(KERNELS, huber.index, (Slot.Unary + UnaryFn.Huber) << 2);
store<u32>(KERNELS, log1p.index, (Slot.Unary + UnaryFn.Log1p) << 2);
store<u32>(KERNELS, expm1.index, (Slot.Unary + UnaryFn.Expm1) << 2);
