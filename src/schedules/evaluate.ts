// Evaluates formulas of the step in f64.
//
// Place: the trainer fills a call's table of rates with it. Invariant: only + − × ÷ √ of the host are used, which
// every engine rounds alike; its cos, exp and log are written out here, because engines differ in theirs.

import type { Expression } from "../graph/expression.ts";
import { type Formula, useScheduling } from "./known.ts";

/** For what makes formulas: the trainer can evaluate them then. */
export const useFormulas = (): void => useScheduling({ formulaOf });

/** cos(π·x): the period is taken off exactly, then the Taylor series on [0, π/4] gives 1e-16. */
export function cosPi(x: number): number {
  let t = Math.abs(x) % 2;
  if (t > 1) t = 2 - t;
  const negative = t > 0.5;
  if (negative) t = 1 - t;
  // cos on [0, ¼], sin(½ − t) behind it
  const sine = t > 0.25;
  const z = Math.PI * (sine ? 0.5 - t : t);
  let term = sine ? z : 1;
  let sum = term;
  for (let k = sine ? 3 : 2; k < 24; k += 2) {
    term *= (-z * z) / (k * (k - 1));
    sum += term;
  }
  return negative ? -sum : sum;
}

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

/** Natural logarithm of x > 0: x = m·2ᵏ, ln m = 2·artanh((m − 1)/(m + 1)). */
export function ln(x: number): number {
  if (!(x > 0 && x < Infinity)) return x === 0 ? -Infinity : x === Infinity ? x : Number.NaN;
  let m = x;
  let k = 0;
  for (; m > Math.SQRT2; k++) m /= 2;
  for (; m < Math.SQRT1_2; k--) m *= 2;
  const s = (m - 1) / (m + 1);
  let term = s;
  let sum = 0;
  for (let n = 1; n < 26; n += 2) {
    sum += term / n;
    term *= s * s;
  }
  return k * LN2_HIGH + (2 * sum + k * LN2_LOW);
}

/** eˣ = 2ᵏ·eʳ, |r| ≤ ½ ln 2. */
export function exponential(x: number): number {
  if (!(x > -745)) return Number.isNaN(x) ? x : 0;
  if (x > 710) return Infinity;
  const k = Math.round(x / Math.LN2);
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  let term = 1;
  let sum = 1;
  for (let n = 1; n < 18; n++) {
    term *= r / n;
    sum += term;
  }
  for (let i = k; i > 0; i--) sum *= 2;
  for (let i = k; i < 0; i++) sum /= 2;
  return sum;
}

/** xʸ: by squaring for whole y, else e^(y·ln x). */
export function power(x: number, y: number): number {
  if (!Number.isInteger(y) || Math.abs(y) > 2 ** 31) return exponential(y * ln(x));
  let result = 1;
  let square = x;
  for (let n = Math.abs(y); n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) result *= square;
    square *= square;
  }
  return y < 0 ? 1 / result : result;
}

/** Part of the cycle that a step is in. */
function cyclePart(step: number, first: number, factor: number): number {
  if (factor === 1) return (step % first) / first;
  let from = 0;
  let length = first;
  while (step - from >= length) {
    from += length;
    length *= factor;
  }
  return (step - from) / length;
}

/** The running product of a formula; goes on from the last step asked for, or begins again. */
function productOf(factor: Formula): Formula {
  let next = 0;
  let product = 1;
  return (step, rate) => {
    if (step < next - 1) {
      next = 0;
      product = 1;
    }
    for (; next <= step; next++) product *= factor(next, rate);
    return product;
  };
}

/** Compiles a formula once, so that a step costs a few calls. */
export function formulaOf(expression: Expression): Formula {
  if (typeof expression === "number") return () => expression;
  if (expression === "step") return (step) => step;
  if (expression === "rate") return (_, rate) => rate;
  const [op, ...rest] = expression;
  const [a, b, c] = rest.map(formulaOf) as [Formula, Formula, Formula];
  switch (op) {
    case "+":
      return (s, r) => a(s, r) + b(s, r);
    case "-":
      return (s, r) => a(s, r) - b(s, r);
    case "*":
      return (s, r) => a(s, r) * b(s, r);
    case "/":
      return (s, r) => a(s, r) / b(s, r);
    case "min":
      return (s, r) => Math.min(a(s, r), b(s, r));
    case "max":
      return (s, r) => Math.max(a(s, r), b(s, r));
    case "mod":
      return (s, r) => a(s, r) % b(s, r);
    case "pow":
      return (s, r) => power(a(s, r), b(s, r));
    case "less":
      return (s, r) => (a(s, r) < b(s, r) ? 1 : 0);
    case "if":
      return (s, r) => (a(s, r) !== 0 ? b(s, r) : c(s, r));
    case "floor":
      return (s, r) => Math.floor(a(s, r));
    case "sqrt":
      return (s, r) => Math.sqrt(a(s, r));
    case "cosPi":
      return (s, r) => cosPi(a(s, r));
    case "cycle":
      return (s, r) => cyclePart(s, a(s, r), b(s, r));
    case "product":
      return productOf(a);
  }
}
