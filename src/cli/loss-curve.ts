// The losses of the epochs so far as a curve of characters.
// Place: command line; drawn by the reporter on a terminal. Invariant: never wider than the columns given.

import { plot } from "asciichart";

/** Width of the axis with its labels. */
const AXIS = 11;
const ROWS = 7;

/** Means of neighbouring values, so that at most `most` remain. */
function thinned(values: readonly number[], most: number): number[] {
  if (values.length <= most) return [...values];
  return Array.from({ length: most }, (_, i) => {
    const part = values.slice(
      Math.floor((i * values.length) / most),
      Math.floor(((i + 1) * values.length) / most),
    );
    return part.reduce((a, b) => a + b, 0) / part.length;
  });
}

/** A chart of at most `columns` characters a line, the first epoch at the left; nothing before the second epoch. */
export function lossCurve(losses: readonly number[], columns: number): string {
  const finite = losses.filter(Number.isFinite);
  if (finite.length < 2) return "";
  const values = thinned(finite, Math.max(2, Math.min(64, columns - AXIS - 3)));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  // A flat line still gets an axis: asciichart divides by the range.
  const range = high > low ? {} : { min: low - Math.abs(low || 1), max: high + Math.abs(high || 1) };
  const chart = plot([values], {
    height: ROWS - 1,
    format: (value) =>
      value
        .toPrecision(4)
        .slice(0, AXIS - 2)
        .padStart(AXIS - 2),
    ...range,
  });
  return `${"loss".padStart(AXIS - 2)}\n${chart.replace(/[ \t]+$/gm, "")}`;
}
