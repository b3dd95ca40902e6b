/**
 * Gradients of the activations. Place: a kernel of the tape.
 * Each is a loop of its own over whole vectors, reached through a table; the last n mod 4 elements go through the same
 * loop in scratch. Invariant: so an element's bits do not depend on its place.
 */
import { Status, UnaryFn, UnaryGradField } from "../../../src/abi";
import { Constant, K } from "../../math/constants";
import { Normal } from "../../math/erf";
import { Exponential } from "../../math/exponential";
import { Sigmoid } from "../../math/sigmoid";
import { Lanes } from "../../simd/lanes";
import { Record } from "../../tape/record";

// u32 function table indices of the loops, 0 for functions without one
const LOOPS = memory.data(UnaryFn.Count << 2, 4);
const TAIL = memory.data(32, 16);

// unaryGrad: out[i] = f′(a[i])·dy[i]   out, a, dy: [n]; out may alias a or dy; overwrites out
// a is y for tanh, sigmoid and relu, x for the others
export function unaryGrad(pc: usize): u32 {
  const fn = Record.u32(pc, UnaryGradField.Fn);
  if (fn >= <u32>UnaryFn.Count || !load<u32>(LOOPS + ((<usize>fn) << 2))) return Status.UnknownOp;
  UnaryGrad.run(
    fn,
    Record.ptr(pc, UnaryGradField.Out),
    Record.ptr(pc, UnaryGradField.A),
    Record.ptr(pc, UnaryGradField.Dy),
    Record.u32(pc, UnaryGradField.N),
    Record.f32(pc, UnaryGradField.P),
    Record.f32(pc, UnaryGradField.Q),
  );
  return Status.Ok;
}

/** The same for other kernels. */
export function unaryGradRun(fn: u32, out: usize, a: usize, dy: usize, n: u32, p: f32, q: f32): void {
  UnaryGrad.run(fn, out, a, dy, n, p, q);
}

class UnaryGrad {
  @inline
  static run(fn: u32, out: usize, a: usize, dy: usize, n: u32, p: f32, q: f32): void {
    const loop = load<u32>(LOOPS + ((<usize>fn) << 2));
    const bytes = (<usize>n & ~3) << 2;
    if (bytes) call_indirect<void>(loop, out, a, dy, out + bytes, p, q);
    const rest = n & 3;
    if (rest) {
      v128.store(TAIL, Lanes.loadTail(a + bytes, rest));
      v128.store(TAIL, Lanes.loadTail(dy + bytes, rest), 16);
      call_indirect<void>(loop, TAIL, TAIL, TAIL + 16, TAIL + 16, p, q);
      Lanes.storeTail(out + bytes, v128.load(TAIL), rest);
    }
  }

  @inline
  static loop(fn: i32, out: usize, a: usize, dy: usize, end: usize, scalarP: f32, scalarQ: f32): void {
    const p = f32x4.splat(scalarP);
    const q = f32x4.splat(scalarQ);
    do {
      v128.store(out, UnaryGrad.apply(fn, v128.load(a), v128.load(dy), p, q));
      out += 16;
      a += 16;
      dy += 16;
    } while (out !== end);
  }

  // `fn` is a constant: one branch is compiled
  @inline
  static apply(fn: i32, a: v128, dy: v128, p: v128, q: v128): v128 {
    const zero = f32x4.splat(0);
    if (fn === UnaryFn.Clamp) return v128.and(dy, v128.and(f32x4.ge(a, p), f32x4.le(a, q)));
    if (fn === UnaryFn.Relu) return v128.and(dy, f32x4.gt(a, zero));
    if (fn === UnaryFn.LeakyRelu) return v128.bitselect(dy, f32x4.mul(p, dy), f32x4.gt(a, zero));
    if (fn === UnaryFn.Elu) {
      const slope = f32x4.mul(p, Exponential.expNegative(f32x4.pmin(a, zero)));
      return f32x4.mul(f32x4.mul(q, v128.bitselect(Constant.load(K.One), slope, f32x4.gt(a, zero))), dy);
    }
    if (fn === UnaryFn.Gelu) {
      const slope = f32x4.add(Normal.cumulative(a), f32x4.mul(a, Normal.density(a)));
      return f32x4.mul(slope, dy);
    }
    if (fn === UnaryFn.GeluTanh) {
      // s + x·s(1 − s)·(2u)′ with s = σ(2u); beyond ±GeluTanhHigh s is 0 or 1
      const bound = Constant.load(K.GeluTanhHigh);
      const x = f32x4.pmin(f32x4.pmax(a, f32x4.neg(bound)), bound);
      const xx = f32x4.mul(x, x);
      const linear = Constant.load(K.GeluTanhLinear);
      const s = Sigmoid.sigmoid(
        f32x4.mul(x, f32x4.add(f32x4.mul(xx, Constant.load(K.GeluTanhCubic)), linear)),
      );
      const inner = f32x4.mul(x, f32x4.add(f32x4.mul(xx, Constant.load(K.GeluTanhCubic3)), linear));
      return f32x4.mul(f32x4.add(s, f32x4.mul(inner, UnaryGrad.logistic(s))), dy);
    }
    if (fn === UnaryFn.Silu) {
      // s + x·s(1 − s); beyond ±SiluHigh s is 0 or 1
      const bound = Constant.load(K.SiluHigh);
      const x = f32x4.pmin(f32x4.pmax(a, f32x4.neg(bound)), bound);
      const s = Sigmoid.sigmoid(x);
      return f32x4.mul(f32x4.add(s, f32x4.mul(x, UnaryGrad.logistic(s))), dy);
    }
    if (fn === UnaryFn.Tanh) return f32x4.mul(f32x4.sub(Constant.load(K.One), f32x4.mul(a, a)), dy);
    if (fn === UnaryFn.Sigmoid) return f32x4.mul(UnaryGrad.logistic(a), dy);
    if (fn === UnaryFn.Softplus) {
      const z = f32x4.mul(p, a);
      return v128.bitselect(dy, f32x4.mul(Sigmoid.sigmoid(z), dy), f32x4.gt(z, q));
    }
    // Huber
    return f32x4.mul(f32x4.pmin(f32x4.pmax(a, f32x4.neg(p)), p), dy);
  }

  /** σ′ = s(1 − s) */
  @inline
  static logistic(s: v128): v128 {
    return f32x4.mul(s, f32x4.sub(Constant.load(K.One), s));
  }
}

function clamp(out: usize, a: usize, dy: usize, end: usize, p: f32, q: f32): void {
  UnaryGrad.loop(UnaryFn.Clamp, out, a, dy, end, p, q);
}
function relu(out: usize, a: usize, dy: usize, end: usize, p: f32, q: f32): void {
  UnaryGrad.loop(UnaryFn.Relu, out, a, dy, end, p, q);
}
function leakyRelu(out: usize, a: usize, dy: usize, end: usize, p: f32, q: f32): void {
  UnaryGrad.loop(UnaryFn.LeakyRelu, out, a, dy, end, p, q);
}
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
function tanh(out: usize, a: usize, dy: usize, end: usize, p: f32, q: f32): void {
  UnaryGrad.loop(UnaryFn.Tanh, out, a, dy, end, p, q);
}
function sigmoid(out: usize, a: usize, dy: usize, end: usize, p: f32, q: f32): void {
  UnaryGrad.loop(UnaryFn.Sigmoid, out, a, dy, end, p, q);
}
function softplus(out: usize, a: usize, dy: usize, end: usize, p: f32, q: f32): void {
  UnaryGrad.loop(UnaryFn.Softplus, out, a, dy, end, p, q);
}
function huber(out: usize, a: usize, dy: usize, end: usize, p: f32, q: f32): void {
  UnaryGrad.loop(UnaryFn.Huber, out, a, dy, end, p, q);
}

store<u32>(LOOPS, clamp.index, UnaryFn.Clamp << 2);
store<u32>(LOOPS, relu.index, UnaryFn.Relu << 2);
store<u32>(LOOPS, leakyRelu.index, UnaryFn.LeakyRelu << 2);
store<u32>(LOOPS, elu.index, UnaryFn.Elu << 2);
store<u32>(LOOPS, gelu.index, UnaryFn.Gelu << 2);
store<u32>(LOOPS, geluTanh.index, UnaryFn.GeluTanh << 2);
store<u32>(LOOPS, silu.index, UnaryFn.Silu << 2);
store<u32>(LOOPS, tanh.index, UnaryFn.Tanh << 2);
store<u32>(LOOPS, sigmoid.index, UnaryFn.Sigmoid << 2);
store<u32>(LOOPS, softplus.index, UnaryFn.Softplus << 2);
store<u32>(LOOPS, huber.index, UnaryFn.Huber << 2);
