/**
 * Error bounds of the vector functions, in ULP of f32, against f64.
 * Invariant proved here: the bounds that the files of assembly/math state, and the special values.
 */
import { describe, expect, it } from "vitest";
import { BinaryFn, Op, UnaryFn } from "../../src/abi.ts";
import { erf } from "../reference/functions.ts";
import { f32, record, TapeCore } from "./tape-core.ts";

const core = new TapeCore("simd");

function unary(fn: UnaryFn, x: Float32Array, p = 0, q = 0): Float32Array {
  core.reset();
  const a = core.floats(x);
  const out = core.floats(x.length);
  core.ok(record(Op.Unary, out, a, x.length, fn, f32(p), f32(q)));
  return core.readFloats(out, x.length);
}

const bits = new Uint32Array(1);
const value = new Float32Array(bits.buffer);

/** Floats spread evenly over the bit patterns from `low` to `high`, both signs if `signed`. */
function sample(low: number, high: number, count: number, signed = true): Float32Array {
  value[0] = low;
  const first = bits[0] as number;
  value[0] = high;
  const last = bits[0] as number;
  const xs: number[] = [];
  for (let i = 0; i < count; i++) {
    bits[0] = Math.round(first + ((last - first) * i) / (count - 1));
    xs.push(value[0] as number);
    if (signed) xs.push(-(value[0] as number));
  }
  return new Float32Array(xs);
}

/** Floats spread evenly in value. */
function line(low: number, high: number, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));
}

/** The distance of neighbouring floats around x. */
function ulp(x: number): number {
  return 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(x)) + 1e-12)) - 23);
}

function worst(
  fn: UnaryFn,
  xs: Float32Array,
  want: (x: number) => number,
  floor = 0,
): [ulps: number, at: number] {
  const got = unary(fn, xs, 1, 20);
  let most = 0;
  let at = Number.NaN;
  for (let i = 0; i < xs.length; i++) {
    const x = xs[i] as number;
    const right = want(x);
    if (Math.abs(right) >= 3.4028235677973366e38) {
      expect(got[i], `f(${x})`).toBe(Math.sign(right) * Number.POSITIVE_INFINITY);
      continue;
    }
    const error =
      Math.abs((got[i] as number) - right) / Math.max(right === 0 ? 2 ** -149 : ulp(right), floor);
    if (!(error <= most)) {
      most = error;
      at = x;
    }
  }
  return [most, at];
}

const COUNT = 200_000;
const sigmoid = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));
const softplus = (x: number): number => (x > 20 ? x : Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))));
// where 1 + erf cancels, through the complement: Φ(x) = ½ erfc(−x/√2) by a continued fraction
function normal(x: number): number {
  if (x > -3) return 0.5 * (1 + erf(x * Math.SQRT1_2));
  const a = -x * Math.SQRT1_2;
  let tail = a;
  for (let n = 200; n > 0; n--) tail = a + n / 2 / tail;
  return (0.5 * Math.exp(-a * a)) / (Math.sqrt(Math.PI) * tail);
}

const cases: [
  name: string,
  fn: UnaryFn,
  inputs: () => Float32Array,
  want: (x: number) => number,
  bound: number,
  floor?: number,
][] = [
  ["exp", UnaryFn.Exp, () => line(-87.3, 88.8, COUNT), Math.exp, 1],
  ["exp near 0", UnaryFn.Exp, () => sample(1e-30, 1, COUNT), Math.exp, 1],
  ["exp to denormals", UnaryFn.Exp, () => line(-110, -87, COUNT), Math.exp, 1],
  ["expm1", UnaryFn.Expm1, () => sample(1e-30, 88, COUNT), Math.expm1, 1.6],
  ["log", UnaryFn.Log, () => sample(1e-45, 3e38, COUNT, false), Math.log, 1],
  ["log near 1", UnaryFn.Log, () => line(0.5, 2, COUNT), Math.log, 1],
  ["log1p", UnaryFn.Log1p, () => sample(1e-30, 1e30, COUNT, false), Math.log1p, 2],
  [
    "log1p below 0",
    UnaryFn.Log1p,
    () => sample(1e-30, 0.99999, COUNT).map((x) => -Math.abs(x)),
    Math.log1p,
    2,
  ],
  ["tanh", UnaryFn.Tanh, () => sample(1e-30, 30, COUNT), Math.tanh, 2.5],
  ["sigmoid", UnaryFn.Sigmoid, () => sample(1e-30, 87, COUNT), sigmoid, 2.5],
  ["softplus", UnaryFn.Softplus, () => sample(1e-30, 87, COUNT), softplus, 2.5],
  ["erf", UnaryFn.Erf, () => sample(1e-30, 10, COUNT / 10), erf, 2.5],
  ["gelu", UnaryFn.Gelu, () => sample(1e-30, 4, COUNT / 10), (x) => x * normal(x), 3, 2 ** -25],
  ["silu", UnaryFn.Silu, () => sample(1e-30, 80, COUNT), (x) => x * sigmoid(x), 3.5],
  ["sin", UnaryFn.Sin, () => line(-2 * Math.PI, 2 * Math.PI, COUNT), Math.sin, 1.6, 2 ** -26],
  ["cos", UnaryFn.Cos, () => line(-2 * Math.PI, 2 * Math.PI, COUNT), Math.cos, 1.6, 2 ** -26],
  ["sin of small", UnaryFn.Sin, () => sample(1e-30, 1, COUNT), Math.sin, 1.6],
  ["sin to 10⁶", UnaryFn.Sin, () => line(-1e6, 1e6, COUNT), Math.sin, 1.6, 2 ** -26],
  ["cos to 10⁶", UnaryFn.Cos, () => line(-1e6, 1e6, COUNT), Math.cos, 1.6, 2 ** -26],
  ["rsqrt", UnaryFn.Rsqrt, () => sample(1e-37, 1e38, COUNT, false), (x) => 1 / Math.sqrt(x), 1.5],
];

describe("error in ULP", () => {
  it.each(cases)("%s", (name, fn, inputs, want, bound, floor) => {
    const [most, at] = worst(fn, inputs(), want, floor);
    if (process.env.SHOW_ULP) console.log(`${name}: ${most.toFixed(3)} ULP at ${at}`);
    expect(most, `${name} at ${at}`).toBeLessThanOrEqual(bound);
  });

  it("pow agrees with f64 to 0.51 ULP", () => {
    const n = 50_000;
    const x = Float32Array.from({ length: n }, (_, i) => Math.exp((((i * 7919) % n) / n) * 20 - 10));
    const y = Float32Array.from({ length: n }, (_, i) => (((i * 104729) % n) / n) * 16 - 8);
    core.reset();
    const [a, b, out] = [core.floats(x), core.floats(y), core.floats(n)];
    core.ok(record(Op.Binary, out, a, b, BinaryFn.Pow, 1, 1, 1, 1, n, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1));
    const got = core.readFloats(out, n);
    let most = 0;
    for (let i = 0; i < n; i++) {
      const want = (x[i] as number) ** (y[i] as number);
      most = Math.max(most, Math.abs((got[i] as number) - want) / ulp(want));
    }
    expect(most).toBeLessThanOrEqual(0.51);
  });
});
