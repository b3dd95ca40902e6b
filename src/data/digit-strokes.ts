// How people write the ten digits: pen strokes of several styles each, drawn for this project.
// Place: the table behind synthetic-digits.ts.
// Invariant: points lie in the unit square, x to the right and y down; a "line" has corners at its points, a "curve"
// passes through them smoothly.

/** One movement of the pen: its kind and the points x0, y0, x1, y1, … it passes. */
export interface Stroke {
  readonly kind: "line" | "curve";
  readonly points: readonly number[];
}

/** A way to write a digit: its strokes, and how often it is seen beside the others of that digit. */
export interface DigitStyle {
  readonly weight: number;
  /** Width as a share of the height; drawn wider or narrower by up to a quarter. */
  readonly aspect: number;
  readonly strokes: readonly Stroke[];
}

/** A style from its strokes as text: "line" or "curve", then points in hundredths. */
function style(weight: number, aspect: number, ...strokes: string[]): DigitStyle {
  return {
    weight,
    aspect,
    strokes: strokes.map((text) => {
      const [kind, ...points] = text.split(/[ ,]/);
      return { kind: kind as Stroke["kind"], points: points.map((hundredths) => Number(hundredths) / 100) };
    }),
  };
}

/** Styles by digit. */
export const DIGIT_STYLES: readonly (readonly DigitStyle[])[] = [
  [
    // round, closed
    style(5, 0.72, "curve 55,0 16,18 4,58 30,97 72,94 96,52 84,12 55,0"),
    // ends cross at the top
    style(3, 0.68, "curve 74,10 40,2 6,36 12,82 48,100 88,76 94,30 60,3 32,8"),
    // left open at the top
    style(1, 0.7, "curve 36,2 8,40 18,88 55,100 90,70 90,26 62,4"),
  ],
  [
    style(5, 0.3, "line 50,0 50,100"),
    style(3, 0.5, "line 16,24 56,0 56,100"),
    // flag and foot
    style(2, 0.55, "line 14,22 52,0 52,100", "line 10,100 94,99"),
  ],
  [
    style(4, 0.7, "curve 8,24 28,3 68,2 86,26 70,58 36,84 6,100", "line 6,100 95,97"),
    // loop at the foot
    style(4, 0.76, "curve 10,20 42,0 80,14 74,46 42,80 14,98 4,84 26,78 58,96 98,90"),
    // angular, like a Z
    style(1, 0.72, "line 10,8 84,5 8,97 94,95"),
  ],
  [
    style(5, 0.68, "curve 10,12 48,0 84,18 70,42 36,48", "curve 36,48 78,52 92,76 58,100 6,90"),
    // flat top
    style(2, 0.68, "line 10,4 86,3 40,40", "curve 40,40 84,48 90,80 52,100 8,88"),
    // small loop in the middle
    style(2, 0.7, "curve 14,10 56,1 82,20 54,46 34,50 50,42 86,58 82,90 40,100 6,86"),
  ],
  [
    // open
    style(5, 0.72, "line 16,2 6,54 92,52", "line 76,6 70,100"),
    // open, round on the left
    style(3, 0.72, "curve 14,0 6,36 20,54 52,50 84,38", "line 86,2 80,100"),
    // closed
    style(3, 0.74, "line 66,100 66,0 4,66 96,64"),
  ],
  [
    style(5, 0.68, "line 86,2 22,3 16,42", "curve 16,42 56,36 90,62 68,95 6,95"),
    // the hat is drawn last and stands apart
    style(3, 0.72, "curve 24,8 20,42 58,44 82,70 52,98 6,92", "line 28,6 96,1"),
    // one sweep, like an S
    style(1, 0.66, "curve 88,6 46,3 16,26 40,46 78,64 66,94 10,96"),
  ],
  [
    style(5, 0.66, "curve 74,1 34,22 8,62 24,95 64,99 90,76 62,54 26,62 12,78"),
    // straight back
    style(3, 0.6, "curve 50,0 24,36 10,74 34,100 78,90 82,64 46,58 14,80"),
    // large, closed loop
    style(2, 0.74, "curve 84,8 46,4 12,42 12,84 50,100 86,80 76,46 40,42 12,64"),
  ],
  [
    style(5, 0.66, "line 6,5 92,3 38,100"),
    // barred
    style(3, 0.68, "line 6,5 92,3 36,100", "line 26,52 86,48"),
    // bent back, hooked on the left
    style(2, 0.68, "line 6,22 10,5 92,4", "curve 92,4 66,36 50,66 48,100"),
  ],
  [
    // one line crossing itself
    style(5, 0.66, "curve 82,14 50,0 16,18 38,42 80,66 72,94 34,100 12,78 46,50 84,26 82,12"),
    // two rings
    style(3, 0.62, "curve 50,45 20,28 34,3 68,4 80,28 50,45", "curve 50,45 10,68 28,98 74,97 90,68 50,45"),
    // top left open
    style(2, 0.66, "curve 86,6 40,6 20,26 60,50 82,78 48,100 16,82 42,54 92,14"),
  ],
  [
    style(5, 0.62, "curve 84,22 52,0 12,20 20,46 56,46 84,20", "line 86,14 74,100"),
    // curved tail
    style(3, 0.66, "curve 86,20 50,0 12,24 36,50 74,38 88,16 86,60 64,95 18,94"),
    // loop not closed
    style(2, 0.64, "curve 72,6 30,6 8,32 34,50 80,30", "curve 86,6 82,50 66,100"),
  ],
];
