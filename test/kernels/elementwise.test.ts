/**
 * Fill, Copy, Cast, Unary, UnaryGrad and Binary at every tail, unaligned, with NaN, ±∞ and denormals.
 * Invariant proved here: right values against f64, nothing written outside, and an element's bits do not depend on
 * its place in a vector or in the tail.
 */
import { describe, expect, it } from "vitest";
import { BinaryFn, DType, Op, UnaryFn } from "../../src/abi.ts";
import { activationSlopes, binaryFunctions, unaryFunctions } from "../reference/functions.ts";
import { f32, firstDifference, record, TapeCore, variants } from "./tape-core.ts";

const exact = (x: number): number => x;
const lower = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

let seed = 7;
function random(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
  return (seed >>> 8) / 2 ** 24;
}

/** Ordinary numbers with a special one here and there. */
function inputs(n: number, positive = false): Float32Array {
  const special = [
    0,
    -0,
    1e-45,
    -3e-39,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    1e4,
    -1e4,
    1,
    -1,
  ];
  return Float32Array.from({ length: n }, () => {
    const x = random() < 0.2 ? (special[Math.floor(random() * special.length)] as number) : random() * 8 - 4;
    return positive ? Math.abs(x) : x;
  });
}

function expectClose(
  got: Float32Array,
  want: readonly number[],
  relative: number,
  absolute: number,
  what: string,
): void {
  for (let i = 0; i < want.length; i++) {
    const right = want[i] as number;
    const is = got[i] as number;
    const rounded = Math.fround(right);
    const close =
      Object.is(is, rounded) ||
      (is === 0 && rounded === 0) ||
      Math.abs(is - right) <= absolute + relative * Math.abs(right);
    if (!close) expect.fail(`${what}[${i}]: ${is} instead of ${right}`);
  }
}

const unaryNames = Object.values(UnaryFn).filter(
  (fn): fn is string => typeof fn === "string" && fn !== "Count",
);
const P = 0.75;
const Q = 1.5;

describe.each(variants)("%s", (variant) => {
  const core = new TapeCore(variant);

  it.each(unaryNames)("unary %s", (name) => {
    const fn = UnaryFn[name as keyof typeof UnaryFn];
    const apply = unaryFunctions[lower(name) as keyof typeof unaryFunctions];
    const positive = name === "Log" || name === "Rsqrt" || name === "Sqrt";
    const all = inputs(67, positive);
    core.reset();
    const whole = core.floats(67);
    core.ok(record(Op.Unary, whole, core.floats(all), 67, fn, f32(P), f32(Q)));
    const expected = core.readFloats(whole, 67);
    expectClose(
      expected,
      [...all].map((x) => limited(name, x) ?? apply(x, P, Q, exact)),
      2e-6,
      1e-7,
      name,
    );
    for (let n = 0; n <= 67; n++) {
      core.reset();
      const a = core.floats(all.subarray(67 - n));
      const out = core.floats(n);
      core.ok(record(Op.Unary, out, a, n, fn, f32(P), f32(Q)));
      expect(firstDifference(core.readFloats(out, n), expected.subarray(67 - n))).toBe(-1);
      // in place
      core.ok(record(Op.Unary, a, a, n, fn, f32(P), f32(Q)));
      expect(firstDifference(core.readFloats(a, n), expected.subarray(67 - n))).toBe(-1);
    }
  });

  it.each(Object.keys(activationSlopes))("gradient of %s", (name) => {
    const slope = activationSlopes[name as keyof typeof activationSlopes];
    const fn = UnaryFn[(name.charAt(0).toUpperCase() + name.slice(1)) as keyof typeof UnaryFn];
    const saved = Float32Array.from(inputs(67), (x) => (Number.isFinite(x) ? x : x > 0 ? 3e4 : -3e4));
    const dy = Float32Array.from(saved, () => random() * 2 - 1);
    core.reset();
    const whole = core.floats(67);
    core.ok(record(Op.UnaryGrad, whole, core.floats(saved), core.floats(dy), 67, fn, f32(P), f32(Q)));
    const expected = core.readFloats(whole, 67);
    const want = [...saved].map((x, i) => slope(x, P, Q, exact) * (dy[i] as number));
    // the polynomials of saved values that are no outputs of tanh or sigmoid are as large as their inputs squared
    expectClose(expected, want, 2e-6, 4e-7, name);
    for (let n = 0; n <= 67; n++) {
      core.reset();
      const a = core.floats(saved.subarray(67 - n));
      const d = core.floats(dy.subarray(67 - n));
      const out = core.floats(n);
      for (const to of [out, d]) {
        core.ok(record(Op.UnaryGrad, to, a, d, n, fn, f32(P), f32(Q)));
        expect(firstDifference(core.readFloats(to, n), expected.subarray(67 - n))).toBe(-1);
      }
    }
  });

  it("refuses functions it does not have", () => {
    core.reset();
    const a = core.floats([1]);
    expect(core.run([record(Op.Unary, a, a, 1, UnaryFn.Count, 0, 0)])).toBe(3);
    expect(core.run([record(Op.UnaryGrad, a, a, a, 1, UnaryFn.Affine, 0, 0)])).toBe(3);
    expect(core.run([record(Op.Binary, a, a, a, BinaryFn.Count, 1, 1, 1, 1, 1, ...Array(10).fill(0))])).toBe(
      3,
    );
  });

  it.each(Object.keys(binaryFunctions))("binary %s with every broadcast", (name) => {
    const apply = binaryFunctions[name as keyof typeof binaryFunctions];
    const fn = BinaryFn[(name.charAt(0).toUpperCase() + name.slice(1)) as keyof typeof BinaryFn];
    for (let n = 0; n <= 67; n++) {
      for (const [dims, maskA, maskB] of [
        [[1, 1, 1, 1, n], 0b11111, 0b11111],
        [[1, 1, 1, 3, n], 0b11111, 0b00001],
        [[2, 1, 2, 1, n], 0b00001, 0b10000],
        [[2, 3, 1, 2, n], 0b01010, 0b11110],
      ] as const) {
        const [a, aStrides] = operand(dims, maskA);
        const [b, bStrides] = operand(dims, maskB);
        const total = dims.reduce((x, y) => x * y, 1);
        core.reset();
        const out = core.floats(total);
        core.ok(
          record(Op.Binary, out, core.floats(a), core.floats(b), fn, ...dims, ...aStrides, ...bStrides),
        );
        const want: number[] = [];
        walk(dims, (at) => {
          const x = a[dot(at, aStrides)] as number;
          const y = b[dot(at, bStrides)] as number;
          // IEEE 754 where JavaScript differs: 1ʸ = 1, and (−1)^±∞ = 1
          const one = name === "pow" && (x === 1 || (x === -1 && Math.abs(y) === Number.POSITIVE_INFINITY));
          want.push(
            one
              ? Number.isNaN(y) || Math.abs(y) === Number.POSITIVE_INFINITY
                ? 1
                : x ** y
              : apply(x, y, Math.fround),
          );
        });
        expectClose(core.readFloats(out, total), want, name === "pow" ? 1e-7 : 0, 0, `${name} ${dims}`);
      }
    }
  });

  it("binary in place", () => {
    const a = inputs(19);
    const b = inputs(19);
    core.reset();
    const x = core.floats(a);
    core.ok(
      record(Op.Binary, x, x, core.floats(b), BinaryFn.Mul, 1, 1, 1, 1, 19, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1),
    );
    expect(
      firstDifference(
        core.readFloats(x, 19),
        a.map((v, i) => v * (b[i] as number)),
      ),
    ).toBe(-1);
  });

  it("fill", () => {
    for (let n = 0; n <= 67; n++) {
      core.reset();
      const out = core.floats(n);
      core.ok(record(Op.Fill, out, n, f32(-2.5)));
      expect([...core.readFloats(out, n)]).toEqual(Array(n).fill(-2.5));
    }
  });

  it("copy with random strides, overwriting and accumulating", () => {
    for (let round = 0; round < 300; round++) {
      const n = Math.floor(random() * 9);
      const dims = [1, 2, 1, 3, 2, n].map((d, i) =>
        i < 5 && random() < 0.4 ? 1 + Math.floor(random() * 3) : d,
      );
      const a = inputs(600);
      // out: a permutation of the dimensions; a: any strides
      const order = [0, 1, 2, 3, 4, 5].sort(() => random() - 0.5);
      if (round % 2) order.sort();
      const outStrides = Array<number>(6).fill(0);
      let size = 1;
      for (const d of [...order].reverse()) {
        outStrides[d] = size;
        size *= dims[d] as number;
      }
      const aStrides = dims.map((_, i) => (i === 5 && round % 3 ? 1 : Math.floor(random() * 8)));
      const accumulate = round & 1;
      const before = inputs(size);
      core.reset();
      const out = core.floats(before);
      core.ok(record(Op.Copy, out, core.floats(a), ...dims, ...outStrides, ...aStrides, accumulate));
      const want = before.slice();
      walk(dims, (at) => {
        const to = dot(at, outStrides);
        const x = a[dot(at, aStrides)] as number;
        want[to] = accumulate ? (want[to] as number) + x : x;
      });
      expect(firstDifference(core.readFloats(out, size), want)).toBe(-1);
    }
  });

  it("cast", () => {
    for (let n = 0; n <= 67; n++) {
      const bytes = Uint8Array.from({ length: n }, () => Math.floor(random() * 256));
      const ints = Int32Array.from({ length: n }, () => Math.floor((random() - 0.5) * 2 ** 32));
      const floats = Float32Array.from({ length: n }, () => (random() - 0.5) * 1e6);
      core.reset();
      const out = core.floats(n);
      core.ok(record(Op.Cast, out, core.bytes(bytes), n, DType.U8, DType.F32));
      expect([...core.readFloats(out, n)]).toEqual([...bytes]);
      core.ok(record(Op.Cast, out, core.bytes(bytes), n, DType.U8, DType.I32));
      expect([...core.readWords(out, n)]).toEqual([...bytes]);
      core.ok(record(Op.Cast, out, core.words(ints), n, DType.I32, DType.F32));
      expect([...core.readFloats(out, n)]).toEqual([...ints].map(Math.fround));
      core.ok(record(Op.Cast, out, core.floats(floats), n, DType.F32, DType.I32));
      expect([...core.readWords(out, n)].map((x) => x | 0)).toEqual(
        [...floats].map((x) => Math.trunc(x) | 0),
      );
      core.ok(record(Op.Cast, out, core.floats(floats), n, DType.F32, DType.F32));
      expect(firstDifference(core.readFloats(out, n), floats)).toBe(-1);
    }
  });
});

/** Where an f64 formula and IEEE f32 disagree on purpose. */
function limited(name: string, x: number): number | undefined {
  if (name === "Exp" && x > 88.8) return Number.POSITIVE_INFINITY;
  if (name === "Expm1" && x > 88.8) return Number.POSITIVE_INFINITY;
  if (name === "Square" && Math.abs(x) < 1e-22) return 0;
  if (["Gelu", "GeluTanh", "Silu"].includes(name) && x === Number.NEGATIVE_INFINITY) return Number.NaN;
  if (name === "Reciprocal" && x !== 0 && Math.abs(x) < 2e-39)
    return x > 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  if (name === "Log1p" && x < -1) return Number.NaN;
  return undefined;
}

/** A contiguous tensor over the dimensions of `mask` (bit 4 the outermost); the others broadcast. */
function operand(dims: readonly number[], mask: number): [data: Float32Array, strides: number[]] {
  const strides = [0, 0, 0, 0, 0];
  let size = 1;
  for (let d = 4; d >= 0; d--) {
    if (!(mask & (16 >> d))) continue;
    strides[d] = size;
    size *= dims[d] as number;
  }
  return [inputs(Math.max(size, 1)), strides];
}

function dot(at: readonly number[], strides: readonly number[]): number {
  return at.reduce((sum, i, d) => sum + i * (strides[d] as number), 0);
}

function walk(dims: readonly number[], visit: (at: readonly number[]) => void): void {
  const at = dims.map(() => 0);
  const step = (d: number): void => {
    if (d === dims.length) visit(at);
    else for (at[d] = 0; (at[d] as number) < (dims[d] as number); at[d] = (at[d] as number) + 1) step(d + 1);
  };
  step(0);
}
