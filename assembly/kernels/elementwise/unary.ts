/**
 * Unary functions. Place: a kernel of the tape.
 * Each function is a loop of its own over whole vectors, reached through a table; the last n mod 4 elements go through
 * the same loop in a 16-byte scratch. Invariant: so an element's bits do not depend on its place.
 */
import { Status, UnaryField, UnaryFn } from "../../../src/abi";
import { Constant, K } from "../../math/constants";
import { Normal } from "../../math/erf";
import { Exponential, Logarithm } from "../../math/exponential";
import { Sigmoid } from "../../math/sigmoid";
import { Trigonometric } from "../../math/trigonometric";
import { Lanes } from "../../simd/lanes";
import { Record } from "../../tape/record";

// u32 function table indices of the loops
const LOOPS = memory.data(UnaryFn.Count << 2, 4);
const TAIL = memory.data(16, 16);

// unary: out[i] = f(a[i])   out, a: [n]; out may alias a; overwrites out
export function unary(pc: usize): u32 {
  const fn = Record.u32(pc, UnaryField.Fn);
  if (fn >= <u32>UnaryFn.Count) return Status.UnknownOp;
  Unary.run(
    fn,
    Record.ptr(pc, UnaryField.Out),
    Record.ptr(pc, UnaryField.A),
    Record.u32(pc, UnaryField.N),
    Record.f32(pc, UnaryField.P),
    Record.f32(pc, UnaryField.Q),
  );
  return Status.Ok;
}

/** The same for other kernels. */
export function unaryRun(fn: u32, out: usize, a: usize, n: u32, p: f32, q: f32): void {
  Unary.run(fn, out, a, n, p, q);
}

class Unary {
  @inline
  static run(fn: u32, out: usize, a: usize, n: u32, p: f32, q: f32): void {
    const loop = load<u32>(LOOPS + ((<usize>fn) << 2));
    const bytes = (<usize>n & ~3) << 2;
    if (bytes) call_indirect<void>(loop, out, a, out + bytes, p, q);
    const rest = n & 3;
    if (rest) {
      v128.store(TAIL, Lanes.loadTail(a + bytes, rest));
      call_indirect<void>(loop, TAIL, TAIL, TAIL + 16, p, q);
      Lanes.storeTail(out + bytes, v128.load(TAIL), rest);
    }
  }

  @inline
  static loop(fn: i32, out: usize, a: usize, end: usize, scalarP: f32, scalarQ: f32): void {
    const p = f32x4.splat(scalarP);
    const q = f32x4.splat(scalarQ);
    do {
      v128.store(out, Unary.apply(fn, v128.load(a), p, q));
      out += 16;
      a += 16;
    } while (out !== end);
  }

  // `fn` is a constant: one branch is compiled
  @inline
  static apply(fn: i32, x: v128, p: v128, q: v128): v128 {
    const zero = f32x4.splat(0);
    if (fn === UnaryFn.Affine) return Lanes.madd(p, x, q);
    if (fn === UnaryFn.Abs) return f32x4.abs(x);
    if (fn === UnaryFn.Square) return f32x4.mul(x, x);
    if (fn === UnaryFn.Sqrt) return f32x4.sqrt(x);
    if (fn === UnaryFn.Rsqrt) return f32x4.div(Constant.load(K.One), f32x4.sqrt(x));
    if (fn === UnaryFn.Reciprocal) return f32x4.div(Constant.load(K.One), x);
    if (fn === UnaryFn.Exp) return Exponential.exp(x);
    if (fn === UnaryFn.Log) return Logarithm.log(x);
    if (fn === UnaryFn.Sin) return Trigonometric.sine(x, 0);
    if (fn === UnaryFn.Cos) return Trigonometric.sine(x, 1);
    if (fn === UnaryFn.Erf) return Normal.erf(x);
    if (fn === UnaryFn.Sign) {
      // ±1 where x is not 0 (NaN among them: its copy is kept), else x
      const one = v128.bitselect(Constant.load(K.One), x, Constant.load(K.AbsMask));
      return v128.bitselect(one, x, f32x4.gt(f32x4.abs(x), zero));
    }
    if (fn === UnaryFn.Floor) return f32x4.floor(x);
    if (fn === UnaryFn.Step) return v128.and(Constant.load(K.One), f32x4.gt(x, zero));
    // pmax(x, bound) and pmin(x, bound) keep a NaN in x
    if (fn === UnaryFn.Clamp) return f32x4.pmin(f32x4.pmax(x, p), q);
    if (fn === UnaryFn.Relu) return f32x4.pmax(x, zero);
    if (fn === UnaryFn.LeakyRelu) return v128.bitselect(x, f32x4.mul(p, x), f32x4.gt(x, zero));
    if (fn === UnaryFn.Elu) {
      const y = v128.bitselect(x, f32x4.mul(p, Exponential.expm1(f32x4.pmin(x, zero))), f32x4.gt(x, zero));
      return f32x4.mul(q, y);
    }
    if (fn === UnaryFn.Gelu) return f32x4.mul(x, Normal.cumulative(x));
    if (fn === UnaryFn.GeluTanh) return f32x4.mul(x, Sigmoid.sigmoid(Unary.geluArgument(x)));
    if (fn === UnaryFn.Silu) return f32x4.mul(x, Sigmoid.sigmoid(x));
    if (fn === UnaryFn.Tanh) return Sigmoid.tanh(x);
    if (fn === UnaryFn.Sigmoid) return Sigmoid.sigmoid(x);
    if (fn === UnaryFn.Softplus) {
      const z = f32x4.mul(p, x);
      return v128.bitselect(x, f32x4.div(Sigmoid.softplus(z), p), f32x4.gt(z, q));
    }
    if (fn === UnaryFn.Huber) {
      const size = f32x4.abs(x);
      const half = Constant.load(K.Half);
      const square = f32x4.mul(f32x4.mul(x, x), half);
      const line = f32x4.mul(p, f32x4.sub(size, f32x4.mul(half, p)));
      return v128.bitselect(line, square, f32x4.gt(size, p));
    }
    if (fn === UnaryFn.Log1p) return Logarithm.log1p(x);
    return Exponential.expm1(x);
  }

  /** 2√(2/π)(x + 0.044715x³) */
  @inline
  static geluArgument(x: v128): v128 {
    const slope = f32x4.add(
      f32x4.mul(f32x4.mul(x, x), Constant.load(K.GeluTanhCubic)),
      Constant.load(K.GeluTanhLinear),
    );
    return f32x4.mul(x, slope);
  }
}

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
function tanh(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.Tanh, out, a, end, p, q);
}
function sigmoid(out: usize, a: usize, end: usize, p: f32, q: f32): void {
  Unary.loop(UnaryFn.Sigmoid, out, a, end, p, q);
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

store<u32>(LOOPS, affine.index, UnaryFn.Affine << 2);
store<u32>(LOOPS, abs.index, UnaryFn.Abs << 2);
store<u32>(LOOPS, square.index, UnaryFn.Square << 2);
store<u32>(LOOPS, sqrt.index, UnaryFn.Sqrt << 2);
store<u32>(LOOPS, rsqrt.index, UnaryFn.Rsqrt << 2);
store<u32>(LOOPS, reciprocal.index, UnaryFn.Reciprocal << 2);
store<u32>(LOOPS, exp.index, UnaryFn.Exp << 2);
store<u32>(LOOPS, log.index, UnaryFn.Log << 2);
store<u32>(LOOPS, sin.index, UnaryFn.Sin << 2);
store<u32>(LOOPS, cos.index, UnaryFn.Cos << 2);
store<u32>(LOOPS, erf.index, UnaryFn.Erf << 2);
store<u32>(LOOPS, sign.index, UnaryFn.Sign << 2);
store<u32>(LOOPS, floor.index, UnaryFn.Floor << 2);
store<u32>(LOOPS, step.index, UnaryFn.Step << 2);
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
store<u32>(LOOPS, log1p.index, UnaryFn.Log1p << 2);
store<u32>(LOOPS, expm1.index, UnaryFn.Expm1 << 2);
