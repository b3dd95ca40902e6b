// Curves as SVG: axes at round numbers, one line for each series.
//
// Place: drawn into the pages of explain/ and report/. Invariant: pure text; points that are not finite are left out.

import { escapeText } from "./frame.ts";
import { number } from "./number.ts";

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Default: the first series is blue, the second orange. */
  readonly color?: "plus" | "minus" | "good" | "soft";
  /** Points without a line between them. */
  readonly dots?: boolean;
}

export interface ChartOptions {
  readonly x: string;
  readonly y: string;
  readonly series: readonly Series[];
  /** Ends of the axes where they are fixed. */
  readonly xRange?: readonly [number, number];
  readonly yRange?: readonly [number, number];
}

const [WIDTH, HEIGHT] = [440, 262];
const [LEFT, RIGHT, TOP, BOTTOM] = [58, 26, 28, 42];
const COLORS = ["plus", "minus", "good", "soft"] as const;

/** Round numbers from low to high, about `count` of them. */
export function ticks(low: number, high: number, count = 5): number[] {
  const rough = (high - low) / count;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * unit).find((s) => s >= rough)!;
  const found: number[] = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++)
    found.push(Number((k * step).toPrecision(12)));
  return found;
}

function rangeOf(values: readonly number[], fromZero: boolean): [number, number] {
  let low = Math.min(...values);
  let high = Math.max(...values);
  if (fromZero && low > 0 && low < 0.5 * high) low = 0;
  if (low === high) [low, high] = [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
  return [low, high];
}

/** A chart with its key, as HTML. */
export function lineChart({ x, y, series, xRange, yRange }: ChartOptions): string {
  const drawn = series.map((one, i) => ({
    ...one,
    color: one.color ?? COLORS[i % COLORS.length]!,
    points: one.points.filter((point) => point.every(Number.isFinite)),
  }));
  const all = drawn.flatMap((one) => one.points);
  if (all.length === 0) return `<p class="soft">${escapeText(y)}: no finite values to draw.</p>`;
  const [x0, x1] =
    xRange ??
    rangeOf(
      all.map((p) => p[0]),
      false,
    );
  const [y0, y1] =
    yRange ??
    rangeOf(
      all.map((p) => p[1]),
      true,
    );
  const px = (value: number) => LEFT + ((value - x0) / (x1 - x0)) * (WIDTH - LEFT - RIGHT);
  const py = (value: number) => HEIGHT - BOTTOM - ((value - y0) / (y1 - y0)) * (HEIGHT - TOP - BOTTOM);
  const at = (value: number) => value.toFixed(1);
  const yTicks = ticks(y0, y1)
    .map(
      (value) =>
        `<line class="grid-line" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at(py(value))}" y2="${at(py(value))}"/>` +
        `<text class="soft" x="${LEFT - 7}" y="${at(py(value) + 4)}" text-anchor="end">${number(value, 3)}</text>`,
    )
    .join("");
  const xTicks = ticks(x0, x1)
    .map(
      (value) =>
        `<text class="soft" x="${at(px(value))}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${number(value, 4)}</text>`,
    )
    .join("");
  const lines = drawn
    .map(({ points, color, name, dots: only = false }) => {
      const path = points.map(([px0, py0]) => `${at(px(px0))},${at(py(py0))}`).join(" ");
      // A few points are worth marking one by one; a single one has no line at all.
      const dots =
        only || points.length <= 25
          ? points
              .map(([a, b]) => `<circle cx="${at(px(a))}" cy="${at(py(b))}" r="3" fill="var(--${color})"/>`)
              .join("")
          : "";
      const line = `<polyline points="${path}" fill="none" stroke="var(--${color})" stroke-width="2" stroke-linejoin="round"/>`;
      return `<g><title>${escapeText(name)}</title>${only ? "" : line}${dots}</g>`;
    })
    .join("");
  const key = drawn
    .map(({ name, color }) => `<span><i style="background:var(--${color})"></i>${escapeText(name)}</span>`)
    .join("");
  return (
    `<figure><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${escapeText(`${y} over ${x}`)}">` +
    `${yTicks}${xTicks}${lines}` +
    `<text class="soft" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 6}" text-anchor="middle">${escapeText(x)}</text>` +
    `<text class="soft" x="6" y="14">${escapeText(y)}</text>` +
    `</svg><figcaption><span class="key">${key}</span></figcaption></figure>`
  );
}
