/**
 * The gradients of activations of every core. Place: listed by tape/training-kernels.ts.
 * Invariant: their functions are in basic-unary.ts.
 */
import { Slot, UnaryFn } from "../../../src/abi";
import { KERNELS } from "../../tape/kernel-table";
import { UnaryGrad } from "./unary-grad-loop";

function clamp(out: usize, a: usize, dy: usize, end: usize, p: f32, q: f32): void {
  UnaryGrad.loop(UnaryFn.Clamp, out, a, dy, end, p, q);
}
function relu(out: usize, a: usize, dy: usize, end: usize, p: f32, q: f32): void {
  UnaryGrad.loop(UnaryFn.Relu, out, a, dy, end, p, q);
}
function leakyRelu(out: usize, a: usize, dy: usize, end: usize, p: f32, q: f32): void {
  UnaryGrad.loop(UnaryFn.LeakyRelu, out, a, dy, end, p, q);
}
function tanh(out: usize, a: usize, dy: usize, end: usize, p: f32, q: f32): void {
  UnaryGrad.loop(UnaryFn.Tanh, out, a, dy, end, p, q);
}
function sigmoid(out: usize, a: usize, dy: usize, end: usize, p: f32, q: f32): void {
  UnaryGrad.loop(UnaryFn.Sigmoid, out, a, dy, end, p, q);
}

store<u32>(KERNELS, clamp.index, (Slot.UnaryGrad + UnaryFn.Clamp) << 2);
store<u32>(KERNELS, relu.index, (Slot.UnaryGrad + UnaryFn.Relu) << 2);
store<u32>(KERNELS, leakyRelu.index, (Slot.UnaryGrad + UnaryFn.LeakyRelu) << 2);
store<u32>(KERNELS, tanh.index, (Slot.UnaryGrad + UnaryFn.Tanh) << 2);
store<u32>(KERNELS, sigmoid.index, (Slot.UnaryGrad + UnaryFn.Sigmoid) << 2);
