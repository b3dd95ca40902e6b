/**
 * Matrix product kernels: against a naive f64 product, and bit for bit between all their forms.
 * Invariant proved here: an element of C depends on its row of op(A), its column of op(B) and its start value only.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { GEMM_SCRATCH_BYTES } from "../../src/abi-gemm.ts";
import { loadTestingCore, relaxedSimdSupported, type TestingCore, type Variant } from "./testing-wasm.ts";

const SENTINEL = 0x7fa12345; // a NaN no kernel makes: shows bytes written or read out of bounds

interface Case {
  m: number;
  n: number;
  k: number;
  transA?: boolean;
  transB?: boolean;
  accumulate?: boolean;
  padA?: number;
  padB?: number;
  padC?: number;
}

/** Logical matrices, row-major and unpadded; the harness lays them out as the case asks. */
interface Operands {
  a: Float32Array;
  b: Float32Array;
  c: Float32Array;
}

let seed = 1;
function random(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
  return (seed >>> 8) / 2 ** 23 - 1;
}

function operands({ m, n, k }: Case): Operands {
  return {
    a: Float32Array.from({ length: m * k }, random),
    b: Float32Array.from({ length: k * n }, random),
    c: Float32Array.from({ length: m * n }, random),
  };
}

function run(core: TestingCore, options: Case, { a, b, c }: Operands): Float32Array {
  const {
    m,
    n,
    k,
    transA = false,
    transB = false,
    accumulate = false,
    padA = 0,
    padB = 0,
    padC = 0,
  } = options;
  const f32 = new Float32Array(core.memory.buffer);
  const u32 = new Uint32Array(core.memory.buffer);
  const scratch = core.heapBase;
  let next = (scratch + GEMM_SCRATCH_BYTES) / 4 + 1; // one float past alignment
  const place = (rows: number, columns: number, pad: number): { at: number; ld: number } => {
    const ld = columns + pad;
    const at = next + 8;
    u32.fill(SENTINEL, next, at + rows * ld + 8);
    next = at + rows * ld + 8;
    return { at, ld };
  };
  const pa = transA ? place(k, m, padA) : place(m, k, padA);
  const pb = transB ? place(n, k, padB) : place(k, n, padB);
  const pc = place(m, n, padC);
  for (let i = 0; i < m; i++) {
    for (let p = 0; p < k; p++) f32[pa.at + (transA ? p * pa.ld + i : i * pa.ld + p)] = a[i * k + p]!;
    for (let j = 0; j < n; j++) f32[pc.at + i * pc.ld + j] = accumulate ? c[i * n + j]! : Number.NaN;
  }
  for (let p = 0; p < k; p++) {
    for (let j = 0; j < n; j++) f32[pb.at + (transB ? j * pb.ld + p : p * pb.ld + j)] = b[p * n + j]!;
  }
  const flags = [transA, transB, accumulate].map(Number);
  const { gemm } = core.exports;
  gemm!(pc.at * 4, pa.at * 4, pb.at * 4, m, n, k, pa.ld, pb.ld, pc.ld, ...flags, scratch);

  const out = new Float32Array(m * n);
  let intact = true;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) out[i * n + j] = f32[pc.at + i * pc.ld + j]!;
    for (let j = n; j < pc.ld; j++) intact &&= u32[pc.at + i * pc.ld + j] === SENTINEL;
  }
  for (let i = 1; i <= 8; i++) {
    intact &&= u32[pc.at - i] === SENTINEL && u32[pc.at + m * pc.ld + i - 1] === SENTINEL;
  }
  if (!intact) expect.fail(`wrote beside C: ${JSON.stringify(options)}`);
  return out;
}

/** Bits of every element, all NaNs made one. */
function bits(values: Float32Array): Uint32Array {
  const words = new Uint32Array(values.buffer.slice(0));
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) words[i] = 0x7fc00000;
  return words;
}

function expectSameBits(actual: Uint32Array, expected: Uint32Array, where: string): void {
  const at = actual.findIndex((word, i) => word !== expected[i]);
  if (at >= 0 || actual.length !== expected.length) {
    expect.fail(
      `${where}: element ${at} is ${actual[at]?.toString(16)}, expected ${expected[at]?.toString(16)}`,
    );
  }
}

// c + Σ a·b, k ascending, each product and sum rounded: what the default variant promises bit for bit
function exact({ m, n, k, accumulate }: Case, { a, b, c }: Operands): Float32Array {
  const out = new Float32Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = accumulate ? c[i * n + j]! : 0;
      for (let p = 0; p < k; p++) sum = Math.fround(sum + Math.fround(a[i * k + p]! * b[p * n + j]!));
      out[i * n + j] = sum;
    }
  }
  return out;
}

function expectCloseToF64({ m, n, k, accumulate }: Case, { a, b, c }: Operands, out: Float32Array): void {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = accumulate ? c[i * n + j]! : 0;
      let scale = Math.abs(sum);
      for (let p = 0; p < k; p++) {
        const product = a[i * k + p]! * b[p * n + j]!;
        sum += product;
        scale += Math.abs(product);
      }
      // Worst case of k + 1 roundings to 24 bits, of a sum whose parts never exceed scale.
      const bound = (k + 1) * 2 ** -24 * scale;
      const error = Math.abs(out[i * n + j]! - sum);
      if (!(error <= bound)) expect.fail(`C[${i},${j}] of ${m}×${n}×${k}: error ${error} over ${bound}`);
    }
  }
}

const FORMS = [false, true].flatMap((transA) => [false, true].map((transB) => ({ transA, transB })));
const TAILS = Array.from({ length: 68 }, (_, i) => i);

// Node 20's V8 has no relaxed SIMD: that variant is not offered there either.
const VARIANTS: Variant[] = relaxedSimdSupported() ? ["simd", "relaxed", "debug"] : ["simd", "debug"];

describe.each(VARIANTS)("gemm (%s)", (variant) => {
  let core: TestingCore;
  beforeAll(async () => {
    core = await loadTestingCore(variant);
  }, 120_000);

  // The default variant rounds every product and sum; the relaxed one may fuse, so only all its forms agree.
  function check(options: Case, values = operands(options)): void {
    const { m, n, k } = options;
    expectCloseToF64(options, values, run(core, options, values));
    let first: Uint32Array | undefined = variant === "relaxed" ? undefined : bits(exact(options, values));
    for (const form of FORMS) {
      for (const pads of [{}, { padA: 1, padB: 3, padC: 5 }]) {
        const out = bits(run(core, { ...options, ...form, ...pads }, values));
        first ??= out;
        const where = `${m}×${n}×${k} ${JSON.stringify({ ...form, ...pads, accumulate: options.accumulate })}`;
        expectSameBits(out, first, where);
      }
    }
  }

  for (const accumulate of [false, true]) {
    const label = accumulate ? "accumulating" : "overwriting";
    it(`is exact in all forms for m = 0…67, ${label}`, () => {
      for (const m of TAILS) check({ m, n: 9, k: 11, accumulate });
      for (const m of TAILS) check({ m, n: 21, k: 8, accumulate });
    });
    it(`is exact in all forms for n = 0…67, ${label}`, () => {
      for (const n of TAILS) for (const m of [1, 2, 5, 13]) check({ m, n, k: 7, accumulate });
    });
    it(`is exact in all forms for k = 0…67, ${label}`, () => {
      for (const k of TAILS) for (const m of [1, 3, 6, 20]) check({ m, n: 11, k, accumulate });
      for (const k of TAILS) check({ m: 19, n: 1, k, accumulate });
    });
    it(`is exact across k-blocks, column blocks and long rows, ${label}`, () => {
      check({ m: 7, n: 13, k: 600, accumulate });
      check({ m: 3, n: 1100, k: 5, accumulate });
      check({ m: 2, n: 1030, k: 257, accumulate });
      check({ m: 1, n: 130, k: 300, accumulate });
      check({ m: 300, n: 1, k: 70, accumulate });
      check({ m: 5000, n: 1, k: 3, accumulate });
      check({ m: 15, n: 1100, k: 12, accumulate });
      check({ m: 24, n: 530, k: 403, accumulate });
      check({ m: 61, n: 3, k: 90, accumulate });
    });
  }

  it("gives a row the same bits in every batch size", () => {
    const n = 37;
    const k = 261;
    const whole = { m: 67, n, k };
    const values = operands(whole);
    for (const { transB } of FORMS.slice(0, 2)) {
      const all = bits(run(core, { ...whole, transB }, values));
      for (let m = 1; m <= 67; m++) {
        const last = { ...values, a: values.a.slice((67 - m) * k), c: values.c.slice((67 - m) * n) };
        expectSameBits(bits(run(core, { m, n, k, transB }, last)), all.slice((67 - m) * n), `batch ${m}`);
      }
    }
  });

  it("carries NaN, infinities, negative zero and denormals like the naive product", () => {
    const specials = [Number.NaN, Infinity, -Infinity, 0, -0, 1e-40, -1e-42, 3e38, 1];
    const pick = (): number => (random() > 0.6 ? random() : specials[Math.floor((random() + 1) * 4.5)]!);
    for (const m of [1, 2, 4, 8, 23]) {
      for (const n of [1, 2, 3, 4, 7, 10, 33]) {
        for (const k of [1, 2, 5, 40]) {
          for (const accumulate of [false, true]) {
            const options = { m, n, k, accumulate };
            const values = {
              a: Float32Array.from({ length: m * k }, pick),
              b: Float32Array.from({ length: k * n }, pick),
              c: Float32Array.from({ length: m * n }, pick),
            };
            let first: Uint32Array | undefined =
              variant === "relaxed" ? undefined : bits(exact(options, values));
            for (const form of FORMS) {
              const out = bits(run(core, { ...options, ...form }, values));
              first ??= out;
              expectSameBits(out, first, JSON.stringify({ ...options, ...form }));
            }
          }
        }
      }
    }
  });

  it("does not skip zeros: 0 · NaN is NaN", () => {
    const values = {
      a: new Float32Array(6),
      b: new Float32Array(12).fill(Number.NaN),
      c: new Float32Array(8),
    };
    expect([...run(core, { m: 2, n: 4, k: 3 }, values)].every(Number.isNaN)).toBe(true);
  });

  it("starts from +0 when overwriting: −0 products sum to +0", () => {
    for (const m of [1, 2, 30]) {
      const values = {
        a: new Float32Array(m).fill(-0),
        b: new Float32Array(9).fill(1),
        c: new Float32Array(m * 9),
      };
      expect(new Set(bits(run(core, { m, n: 9, k: 1 }, values)))).toEqual(new Set([0]));
    }
  });
});
