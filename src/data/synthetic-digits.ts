// Draws handwritten-looking digits, 28×28 and labelled: a data set that needs no download.
// Place: data preparation; used by the demo, the examples and the tests.
// Invariant: digit i depends on the seed and i only, and only + - × ÷ √ and integer operations are used, so every
// runtime draws the same bytes.

import { ConfigError } from "../errors.ts";
import { DIGIT_STYLES, type DigitStyle, type Stroke } from "./digit-strokes.ts";
import { PhiloxStream } from "./philox.ts";

const SIZE = 28;
const PIXELS = SIZE * SIZE;
/** Line segments per span of a curve: at 28 pixels more of them cannot be seen. */
const SEGMENTS_PER_SPAN = 6;

/** Which digits to draw. */
export interface DigitOptions {
  readonly count: number;
  /** Default 0. */
  readonly seed?: number;
}

/** Drawn digits and what they are. */
export interface Digits {
  /** `count` images of 28×28 bytes, row after row; 0 is paper, 255 full ink. */
  readonly x: Uint8Array<ArrayBuffer>;
  /** The digit of each image. */
  readonly y: Uint8Array<ArrayBuffer>;
}

/** One hand's deviations from the style, the same for a whole digit. */
interface Hand {
  readonly width: number;
  readonly height: number;
  readonly slant: number;
  readonly sine: number;
  readonly cosine: number;
  readonly bend: number;
  readonly wave: number;
  readonly shiftX: number;
  readonly shiftY: number;
}

/**
 * Draws digits in varied styles, slants, sizes, positions and thicknesses, with trembling hands, weak ink, gaps, specks
 * and noise. A longer series starts with the shorter one.
 * @throws ConfigError for a count or seed that is not a whole number.
 */
export function drawDigits({ count, seed = 0 }: DigitOptions): Digits {
  for (const [option, value] of Object.entries({ count, seed })) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new ConfigError(
        `config/${option}`,
        `${option}: expected a whole number from 0 up, got ${value}`,
        { option },
      );
    }
  }
  const x = new Uint8Array(count * PIXELS);
  const y = new Uint8Array(count);
  const ink = new Float64Array(PIXELS);
  for (let i = 0; i < count; i++) {
    const random = new PhiloxStream(seed, i);
    const digit = random.below(10);
    y[i] = digit;
    ink.fill(0);
    drawDigit(ink, pickStyle(DIGIT_STYLES[digit]!, random), random);
    develop(ink, x.subarray(i * PIXELS, (i + 1) * PIXELS), random);
  }
  return { x, y };
}

function between(random: PhiloxStream, low: number, high: number): number {
  return low + (high - low) * random.uniform();
}

function pickStyle(styles: readonly DigitStyle[], random: PhiloxStream): DigitStyle {
  let left = random.below(styles.reduce((sum, { weight }) => sum + weight, 0));
  return styles.find(({ weight }) => {
    left -= weight;
    return left < 0;
  })!;
}

function drawDigit(ink: Float64Array, style: DigitStyle, random: PhiloxStream): void {
  const height = between(random, 14.5, 21.5);
  // With t = tan(angle / 2) the rotation is rational; ±0.09 is ±10 degrees at the edge of the usual.
  const t = 0.045 * random.bell();
  const hand: Hand = {
    height,
    width: height * style.aspect * between(random, 0.76, 1.24),
    slant: 0.14 * random.bell() + 0.08,
    sine: (2 * t) / (1 + t * t),
    cosine: (1 - t * t) / (1 + t * t),
    bend: 0.07 * random.bell(),
    wave: 0.05 * random.bell(),
    shiftX: 1.1 * random.bell(),
    shiftY: 0.9 * random.bell(),
  };
  const radius = between(random, 0.55, 1.65);
  const softness = between(random, 0.7, 1.7);
  const tremble = between(random, 0.012, 0.05);
  for (const stroke of style.strokes) {
    const points = placePoints(stroke, hand, tremble, random);
    const path = stroke.kind === "curve" ? smooth(points) : points;
    // The pen lifts for a moment in one stroke of ten.
    const segments = path.length / 2 - 1;
    const gapLength = random.below(10) === 0 ? 0.05 + 0.12 * random.uniform() : 0;
    const gapStart = random.uniform();
    const pressureEnd = between(random, 0.75, 1.2);
    for (let s = 0; s < segments; s++) {
      const along = s / segments;
      if (stroke.kind === "curve" && along >= gapStart && along < gapStart + gapLength) continue;
      const pressure = 1 + (pressureEnd - 1) * along;
      inkSegment(ink, path, 2 * s, radius * pressure, softness);
    }
  }
}

/** The stroke's points in pixels: bent, slanted, rotated and shifted as the hand does it, each a little off. */
function placePoints(stroke: Stroke, hand: Hand, tremble: number, random: PhiloxStream): Float64Array {
  const points = new Float64Array(stroke.points.length);
  for (let i = 0; i < points.length; i += 2) {
    const u = stroke.points[i]! - 0.5 + tremble * random.bell();
    const v = stroke.points[i + 1]! - 0.5 + tremble * random.bell();
    const x = (u + hand.bend * (4 * v * v - 0.5) + hand.wave * v * (4 * v * v - 1) * 4) * hand.width;
    const y = (v + hand.bend * 0.5 * (4 * u * u - 0.5)) * hand.height;
    const slanted = x - hand.slant * y;
    points[i] = hand.cosine * slanted - hand.sine * y + SIZE / 2 + hand.shiftX;
    points[i + 1] = hand.sine * slanted + hand.cosine * y + SIZE / 2 + hand.shiftY;
  }
  return points;
}

/** Catmull-Rom spline through the points, as short line segments. */
function smooth(points: Float64Array): Float64Array {
  const spans = points.length / 2 - 1;
  const path = new Float64Array(2 * (spans * SEGMENTS_PER_SPAN + 1));
  let at = 0;
  for (let span = 0; span < spans; span++) {
    for (let step = 0; step < SEGMENTS_PER_SPAN; step++) {
      const t = step / SEGMENTS_PER_SPAN;
      for (let axis = 0; axis < 2; axis++) {
        const p1 = points[2 * span + axis]!;
        const p2 = points[2 * span + 2 + axis]!;
        const p0 = span > 0 ? points[2 * span - 2 + axis]! : 2 * p1 - p2;
        const p3 = span + 1 < spans ? points[2 * span + 4 + axis]! : 2 * p2 - p1;
        path[at++] =
          0.5 *
          (2 * p1 + t * (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0))));
      }
    }
  }
  path[at] = points[points.length - 2]!;
  path[at + 1] = points[points.length - 1]!;
  return path;
}

/** Lays down one round-ended segment: full ink within `radius`, fading over `softness` pixels at its edge. */
function inkSegment(
  ink: Float64Array,
  path: Float64Array,
  at: number,
  radius: number,
  softness: number,
): void {
  const [ax, ay, bx, by] = path.subarray(at, at + 4) as unknown as [number, number, number, number];
  const reach = radius + softness / 2;
  const dx = bx - ax;
  const dy = by - ay;
  const lengthSquared = dx * dx + dy * dy || 1;
  const top = Math.max(0, Math.ceil(Math.min(ay, by) - reach));
  const bottom = Math.min(SIZE - 1, Math.floor(Math.max(ay, by) + reach));
  const left = Math.max(0, Math.ceil(Math.min(ax, bx) - reach));
  const right = Math.min(SIZE - 1, Math.floor(Math.max(ax, bx) + reach));
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const along = ((column - ax) * dx + (row - ay) * dy) / lengthSquared;
      const nearest = along < 0 ? 0 : along > 1 ? 1 : along;
      const ex = column - ax - nearest * dx;
      const ey = row - ay - nearest * dy;
      const cover = (reach - Math.sqrt(ex * ex + ey * ey)) / softness;
      if (cover > ink[row * SIZE + column]!) ink[row * SIZE + column] = cover > 1 ? 1 : cover;
    }
  }
}

/** Turns ink into bytes: strength of the ink, grain, specks of dirt. */
function develop(ink: Float64Array, pixels: Uint8Array, random: PhiloxStream): void {
  const strength = between(random, 150, 255);
  const grain = random.below(2) ? between(random, 0, 22) : 0;
  for (let i = 0; i < PIXELS; i++) {
    let value = ink[i]! * strength;
    if (grain) {
      // The sum of a word's four bytes is close to normal: mean 510, deviation 148.
      const word = random.word();
      const sum = (word & 255) + ((word >>> 8) & 255) + ((word >>> 16) & 255) + (word >>> 24);
      value += (grain * (sum - 510)) / 148;
    }
    pixels[i] = value <= 0 ? 0 : value >= 255 ? 255 : Math.floor(value);
  }
  if (random.below(8) === 0) {
    for (let specks = random.below(6); specks >= 0; specks--)
      pixels[random.below(PIXELS)] = 100 + random.below(156);
  }
}
