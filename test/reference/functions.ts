// The element-wise functions of the primitive graph and their derivatives, as formulas in f64.
//
// Place: used by test/reference/interpreter.ts. r rounds the result of each operation: the identity gives the
// f64 answer, Math.fround the answer of a plain f32 implementation.
// Invariant: formulas are the ones beside UnaryFn, UnaryGradField and BinaryFn in src/abi.ts, not the core's code.

import type { ActivationName, BinaryName, UnaryName } from "../../src/graph/ops.ts";

export type Round = (x: number) => number;

/** erf by its Taylor series below 2.5 and the continued fraction of erfc above: about 1e-15. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum) && n < 200; n++) {
      term *= -(x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let tail = a;
  for (let n = 100; n > 0; n--) tail = a + n / 2 / tail;
  return Math.sign(x) * (1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * tail));
}

const sigmoid = (x: number, r: Round): number => {
  if (x < 0) {
    const e = r(Math.exp(x));
    return r(e / r(1 + e));
  }
  return r(1 / r(1 + r(Math.exp(-x))));
};

const tanhOfGelu = (x: number, r: Round): number => {
  const cubic = r(x + r(0.044715 * r(r(x * x) * x)));
  return r(Math.tanh(r(Math.sqrt(2 / Math.PI) * cubic)));
};

/** NaN if either is NaN, like Math.max and Math.min themselves. */
const clamp = (x: number, p: number, q: number): number => Math.min(Math.max(x, p), q);

/** y = f(x) */
export const unaryFunctions: Record<UnaryName, (x: number, p: number, q: number, r: Round) => number> = {
  affine: (x, p, q, r) => r(r(p * x) + q),
  abs: (x) => Math.abs(x),
  square: (x, _p, _q, r) => r(x * x),
  sqrt: (x, _p, _q, r) => r(Math.sqrt(x)),
  rsqrt: (x, _p, _q, r) => r(1 / r(Math.sqrt(x))),
  reciprocal: (x, _p, _q, r) => r(1 / x),
  exp: (x, _p, _q, r) => r(Math.exp(x)),
  log: (x, _p, _q, r) => r(Math.log(x)),
  sin: (x, _p, _q, r) => r(Math.sin(x)),
  cos: (x, _p, _q, r) => r(Math.cos(x)),
  erf: (x, _p, _q, r) => r(erf(x)),
  sign: (x) => Math.sign(x),
  floor: (x) => Math.floor(x),
  step: (x) => (x > 0 ? 1 : 0),
  log1p: (x, _p, _q, r) => r(Math.log1p(x)),
  expm1: (x, _p, _q, r) => r(Math.expm1(x)),
  clamp,
  relu: (x) => Math.max(x, 0),
  leakyRelu: (x, p, _q, r) => (x > 0 ? x : r(p * x)),
  elu: (x, p, q, r) => (x > 0 ? r(q * x) : r(r(q * p) * r(Math.expm1(x)))),
  gelu: (x, _p, _q, r) => r(r(0.5 * x) * r(1 + r(erf(r(x * Math.SQRT1_2))))),
  geluTanh: (x, _p, _q, r) => r(r(0.5 * x) * r(1 + tanhOfGelu(x, r))),
  silu: (x, _p, _q, r) => r(x * sigmoid(x, r)),
  tanh: (x, _p, _q, r) => r(Math.tanh(x)),
  sigmoid: (x, _p, _q, r) => sigmoid(x, r),
  softplus: (x, p, q, r) => {
    const z = r(p * x);
    if (z > q) return x;
    // log(1 + eᶻ) = max(z, 0) + log(1 + e^−|z|), which does not overflow
    return r(r(Math.max(z, 0) + r(Math.log1p(r(Math.exp(-Math.abs(z)))))) / p);
  },
  huber: (x, p, _q, r) => {
    const a = Math.abs(x);
    return a <= p ? r(0.5 * r(x * x)) : r(p * r(a - r(0.5 * p)));
  },
};

/** f′ from the saved value: y for tanh, sigmoid and relu, x for the others. */
export const activationSlopes: Record<
  ActivationName,
  (saved: number, p: number, q: number, r: Round) => number
> = {
  clamp: (x, p, q) => (x >= p && x <= q ? 1 : 0),
  relu: (y) => (y > 0 ? 1 : 0),
  leakyRelu: (x, p) => (x > 0 ? 1 : p),
  elu: (x, p, q, r) => (x > 0 ? q : r(r(q * p) * r(Math.exp(x)))),
  gelu: (x, _p, _q, r) => {
    const cdf = r(0.5 * r(1 + r(erf(r(x * Math.SQRT1_2)))));
    const density = r(r(Math.exp(r(-0.5 * r(x * x)))) / Math.sqrt(2 * Math.PI));
    return r(cdf + r(x * density));
  },
  geluTanh: (x, _p, _q, r) => {
    const t = tanhOfGelu(x, r);
    const inner = r(Math.sqrt(2 / Math.PI) * r(1 + r(0.134145 * r(x * x))));
    return r(r(0.5 * r(1 + t)) + r(r(0.5 * x) * r(r(1 - r(t * t)) * inner)));
  },
  silu: (x, _p, _q, r) => {
    const s = sigmoid(x, r);
    return r(s * r(1 + r(x * r(1 - s))));
  },
  tanh: (y, _p, _q, r) => r(1 - r(y * y)),
  sigmoid: (y, _p, _q, r) => r(y * r(1 - y)),
  softplus: (x, p, q, r) => (r(p * x) > q ? 1 : sigmoid(r(p * x), r)),
  huber: (x, p) => clamp(x, -p, p),
};

export const binaryFunctions: Record<BinaryName, (a: number, b: number, r: Round) => number> = {
  add: (a, b, r) => r(a + b),
  sub: (a, b, r) => r(a - b),
  mul: (a, b, r) => r(a * b),
  div: (a, b, r) => r(a / b),
  max: (a, b) => Math.max(a, b),
  min: (a, b) => Math.min(a, b),
  equal: (a, b) => (a === b ? 1 : 0),
  greater: (a, b) => (a > b ? 1 : 0),
  prefers: (a, b) => (a > b ? 1 : a === b ? 0.5 : 0),
  pow: (a, b, r) => r(a ** b),
};
