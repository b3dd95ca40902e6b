/**
 * The unary functions of every core. Place: listed by tape/forward-kernels.ts.
 * Invariant: what a dense classifier, its optimizers and its metrics need.
 */
import { Slot, UnaryFn } from "../../../src/abi";
import { KERNELS } from "../../tape/kernel-table";
import { Unary } from "./unary-loop";

function affine(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.Affine, out, a, end, p, q);
}
function abs(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.Abs, out, a, end, p, q);
}
function square(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.Square, out, a, end, p, q);
}
function sqrt(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.Sqrt, out, a, end, p, q);
}
function rsqrt(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.Rsqrt, out, a, end, p, q);
}
function reciprocal(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.Reciprocal, out, a, end, p, q);
}
function sign(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.Sign, out, a, end, p, q);
}
function floor(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.Floor, out, a, end, p, q);
}
function step(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.Step, out, a, end, p, q);
}
function clamp(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.Clamp, out, a, end, p, q);
}
function relu(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.Relu, out, a, end, p, q);
}
function leakyRelu(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.LeakyRelu, out, a, end, p, q);
}
function tanh(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.Tanh, out, a, end, p, q);
}
function sigmoid(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.Sigmoid, out, a, end, p, q);
}

store<u32>(KERNELS, affine.index, (Slot.Unary + UnaryFn.Affine) << 2);
store<u32>(KERNELS, abs.index, (Slot.Unary + UnaryFn.Abs) << 2);
store<u32>(KERNELS, square.index, (Slot.Unary + UnaryFn.Square) << 2);
store<u32>(KERNELS, sqrt.index, (Slot.Unary + UnaryFn.Sqrt) << 2);
store<u32>(KERNELS, rsqrt.index, (Slot.Unary + UnaryFn.Rsqrt) << 2);
store<u32>(KERNELS, reciprocal.index, (Slot.Unary + UnaryFn.Reciprocal) << 2);
store<u32>(KERNELS, sign.index, (Slot.Unary + UnaryFn.Sign) << 2);
store<u32>(KERNELS, floor.index, (Slot.Unary + UnaryFn.Floor) << 2);
store<u32>(KERNELS, step.index, (Slot.Unary + UnaryFn.Step) << 2);
store<u32>(KERNELS, clamp.index, (Slot.Unary + UnaryFn.Clamp) << 2);
store<u32>(KERNELS, relu.index, (Slot.Unary + UnaryFn.Relu) << 2);
store<u32>(KERNELS, leakyRelu.index, (Slot.Unary + UnaryFn.LeakyRelu) << 2);
store<u32>(KERNELS, tanh.index, (Slot.Unary + UnaryFn.Tanh) << 2);
store<u32>(KERNELS, sigmoid.index, (Slot.Unary + UnaryFn.Sigmoid) << 2);
