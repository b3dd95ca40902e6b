// Dense row-major tensors in f64 and the index arithmetic on them: nothing clever, so that it can be trusted.
//
// Place: the values of test/reference/interpreter.ts. Invariant: data.length is the product of shape.

import { product } from "../../src/shape.ts";

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export function tensor(shape: readonly number[], data?: ArrayLike<number>): Tensor {
  const size = product(shape);
  if (data && data.length !== size)
    throw new Error(`expected ${size} numbers for [${shape}], got ${data.length}`);
  return { shape, data: data ? Float64Array.from(data) : new Float64Array(size) };
}

/** Flat index → one index per dimension. */
export function unravel(flat: number, shape: readonly number[]): number[] {
  const index = new Array<number>(shape.length);
  let rest = flat;
  for (let i = shape.length - 1; i >= 0; i--) {
    index[i] = rest % shape[i]!;
    rest = Math.floor(rest / shape[i]!);
  }
  return index;
}

/** One index per dimension → flat index. */
export const ravel = (index: readonly number[], shape: readonly number[]): number =>
  shape.reduce((flat, d, i) => flat * d + index[i]!, 0);

/** The tensor whose element at each index is f(index). */
export function generate(shape: readonly number[], f: (index: number[]) => number): Tensor {
  const out = tensor(shape);
  for (let i = 0; i < out.data.length; i++) out.data[i] = f(unravel(i, shape));
  return out;
}

export const at = (x: Tensor, index: readonly number[]): number => x.data[ravel(index, x.shape)]!;

/** The element that x shows at an index of a shape it broadcasts to. */
export function broadcastAt(x: Tensor, index: readonly number[]): number {
  const own = index.slice(index.length - x.shape.length);
  return at(
    x,
    own.map((i, d) => (x.shape[d] === 1 ? 0 : i)),
  );
}

export const mapTensor = (x: Tensor, f: (value: number, i: number) => number): Tensor => ({
  shape: x.shape,
  data: x.data.map(f),
});
