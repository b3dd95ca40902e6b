// Shapes whose dimensions may hold the batch size N or the time length T as symbols.
//
// Used by every stage before the plan; `bindShape` turns symbols into numbers when a graph is compiled.
// Invariant: a symbolic dimension is a monomial, factor · N^batch · T^time, so that equality is exact.

/** factor · N^batch · T^time, with batch + time ≥ 1 */
export interface SymbolicDim {
  readonly factor: number;
  readonly batch: number;
  readonly time: number;
}

export type Dim = number | SymbolicDim;
export type Shape = readonly Dim[];

/** Values of the symbols. */
export interface Binding {
  readonly batch: number;
  readonly time: number;
}

export const N: SymbolicDim = { factor: 1, batch: 1, time: 0 };
export const T: SymbolicDim = { factor: 1, batch: 0, time: 1 };

const monomial = (d: Dim): SymbolicDim => (typeof d === "number" ? { factor: d, batch: 0, time: 0 } : d);

const simplify = (d: SymbolicDim): Dim => (d.batch === 0 && d.time === 0 ? d.factor : d);

export function multiplyDims(a: Dim, b: Dim): Dim {
  const x = monomial(a);
  const y = monomial(b);
  return simplify({ factor: x.factor * y.factor, batch: x.batch + y.batch, time: x.time + y.time });
}

/** The exact quotient, or undefined where b does not divide a. */
export function divideDims(a: Dim, b: Dim): Dim | undefined {
  const x = monomial(a);
  const y = monomial(b);
  const batch = x.batch - y.batch;
  const time = x.time - y.time;
  if (batch < 0 || time < 0 || y.factor === 0 || x.factor % y.factor !== 0) return undefined;
  return simplify({ factor: x.factor / y.factor, batch, time });
}

export function sameDim(a: Dim, b: Dim): boolean {
  if (typeof a === "number" || typeof b === "number") return a === b;
  return a.factor === b.factor && a.batch === b.batch && a.time === b.time;
}

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((d, i) => sameDim(d, b[i] as Dim));

/** Number of elements, possibly symbolic. */
export const elementsOf = (shape: Shape): Dim => shape.reduce<Dim>(multiplyDims, 1);

export function bindDim(d: Dim, binding: Binding): number {
  if (typeof d === "number") return d;
  let size = d.factor;
  // Exponents are 0 or 1, and asked for in every call: a power would take longer.
  for (let i = d.batch; i > 0; i--) size *= binding.batch;
  for (let i = d.time; i > 0; i--) size *= binding.time;
  return size;
}

/** Elements of a shape. */
export const sizeOf = (shape: Shape, binding: Binding): number =>
  shape.reduce<number>((size, d) => size * bindDim(d, binding), 1);

export const bindShape = (shape: Shape, binding: Binding): number[] => shape.map((d) => bindDim(d, binding));

export const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

function formatDim(d: Dim): string {
  if (typeof d === "number") return String(d);
  const symbols = [...Array<string>(d.batch).fill("N"), ...Array<string>(d.time).fill("T")];
  return [...(d.factor === 1 ? [] : [String(d.factor)]), ...symbols].join("·");
}

/** `[N, 28, 28]` */
export const formatShape = (shape: Shape): string => `[${shape.map(formatDim).join(", ")}]`;

/** The shape two operands broadcast to by NumPy's rule, or undefined. */
export function broadcastShapes(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length);
  const out: Dim[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[i - rank + a.length] ?? 1;
    const y = b[i - rank + b.length] ?? 1;
    if (sameDim(x, y) || y === 1) out.push(x);
    else if (x === 1) out.push(y);
    else return undefined;
  }
  return out;
}
