// Numbers for people, written as the field writes them.
//
// Place: used by texts and pages. Invariant: a minus sign is U+2212, so that columns of signed numbers stand straight.

/** Up to `digits` significant digits; powers of ten where it is very small or large. */
export function number(value: number, digits = 6): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text =
    size < 1e-4 || size >= 1e6
      ? size.toExponential(Math.min(3, digits - 1))
      : String(Number(size.toPrecision(digits)));
  return (value < 0 ? `−${text}` : text).replace("e-", "e−");
}
