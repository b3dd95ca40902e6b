// Statistics of one column of numbers: what scaling and imputation are fitted from.
//
// Place: under fit-preprocessing.ts. Invariant: + − × ÷ √ only, in the order of the rows: the same bits everywhere.

/** How numbers are brought to one size. */
export type Scaling = "standard" | "minMax" | "robust" | "none";

/** x becomes (x − offset) / divisor. */
export interface Scale {
  readonly offset: number;
  readonly divisor: number;
}

export function mean(values: readonly number[]): number {
  // From the first value, so that a constant column has exactly its constant as the mean.
  const base = values[0]!;
  let sum = 0;
  for (const value of values) sum += value - base;
  return base + sum / values.length;
}

/** Population standard deviation (divided by n). */
export function deviation(values: readonly number[]): number {
  const center = mean(values);
  let sum = 0;
  for (const value of values) sum += (value - center) * (value - center);
  return Math.sqrt(sum / values.length);
}

/** Quantile by linear interpolation between the sorted values (NumPy's default). */
export function quantileOf(sorted: readonly number[], q: number): number {
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  const below = sorted[low]!;
  const above = sorted[Math.min(low + 1, sorted.length - 1)]!;
  return below + (above - below) * (at - low);
}

export const median = (values: readonly number[]): number => quantileOf(ascending(values), 0.5);

const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

/** The most frequent value; of equally frequent ones the one that comes first. */
export function mostFrequent<T>(values: readonly T[]): T {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  let best = values[0] as T;
  let most = 0;
  for (const [value, count] of counts) if (count > most) [best, most] = [value, count] as const;
  return best;
}

/** Offset and divisor of a scaling. A column without spread keeps divisor 1, so it becomes 0 everywhere. */
export function scaleOf(values: readonly number[], scaling: Scaling): Scale {
  if (scaling === "none") return { offset: 0, divisor: 1 };
  if (scaling === "standard") return { offset: mean(values), divisor: deviation(values) || 1 };
  const sorted = ascending(values);
  if (scaling === "minMax") {
    const lowest = sorted[0]!;
    return { offset: lowest, divisor: sorted.at(-1)! - lowest || 1 };
  }
  const spread = quantileOf(sorted, 0.75) - quantileOf(sorted, 0.25);
  return { offset: quantileOf(sorted, 0.5), divisor: spread || 1 };
}
