// When numbers of the core count as right: the rule of DESIGN.md, "Oracles", in one place.
//
// Place: used by core agreement and the golden runner. Invariant: whole tensors are compared, never single elements.

/** Error that f32 arithmetic may always make. */
const FLOOR = 2e-6;
/** How far behind a plain f32 implementation the core may fall. */
const FACTOR = 8;

const largest = (values: ArrayLike<number>): number => {
  let top = 0;
  for (let i = 0; i < values.length; i++) top = Math.max(top, Math.abs(values[i]!));
  return top;
};

/** max |a − b|; NaN if any element of either is NaN. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let top = 0;
  for (let i = 0; i < b.length; i++) {
    // Equal infinities agree; Math.max keeps NaN once it has met one.
    const d = a[i] === b[i] ? 0 : Math.abs(a[i]! - b[i]!);
    top = Math.max(top, d);
  }
  return top;
}

/** max |plain − want| relative to max |want|: how far a plain f32 run lands from the answer. */
export function errorScale(plain: ArrayLike<number>, want: ArrayLike<number>): number {
  const top = largest(want);
  const error = largestDifference(plain, want);
  return top > 0 ? error / top : error;
}

export const tolerance = (f32Error: number): number => Math.max(FLOOR, FACTOR * f32Error);

/** Nothing if max |got − want| ≤ 1e-7 + tol·max |want|, else what is wrong. */
export function disagreement(
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  tol: number,
): string | undefined {
  if (got.length !== want.length) return `expected ${want.length} numbers, got ${got.length}`;
  const allowed = 1e-7 + tol * largest(want);
  const error = largestDifference(got, want);
  return error <= allowed
    ? undefined
    : `off by ${error.toPrecision(3)}, allowed ${allowed.toPrecision(3)} (largest value ${largest(want)})`;
}
