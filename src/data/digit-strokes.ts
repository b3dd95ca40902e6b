// How people write the ten digits: pen strokes of several styles each, drawn for this project.
// Place: the table behind synthetic-digits.ts.
// Invariant: points lie near the unit square, x to the right and y down; a "line" has corners at its points, a
// "curve" passes through them smoothly.

/** One movement of the pen: a kind and the points x0, y0, x1, y1, … it passes. */
export type Stroke = readonly ["line" | "curve", ...number[]];

/** A way to write a digit: its strokes, and how often it is seen beside the others of that digit. */
export interface DigitStyle {
  readonly weight: number;
  /** Width as a share of the height; drawn wider or narrower by up to a quarter. */
  readonly aspect: number;
  readonly strokes: readonly Stroke[];
}

/** Styles by digit. */
export const DIGIT_STYLES: readonly (readonly DigitStyle[])[] = [
  [
    // round, closed
    {
      weight: 5,
      aspect: 0.72,
      strokes: [
        ["curve", 0.55, 0, 0.16, 0.18, 0.04, 0.58, 0.3, 0.97, 0.72, 0.94, 0.96, 0.52, 0.84, 0.12, 0.55, 0],
      ],
    },
    // ends cross at the top
    {
      weight: 3,
      aspect: 0.68,
      strokes: [
        [
          "curve",
          0.74,
          0.1,
          0.4,
          0.02,
          0.06,
          0.36,
          0.12,
          0.82,
          0.48,
          1,
          0.88,
          0.76,
          0.94,
          0.3,
          0.6,
          0.03,
          0.32,
          0.08,
        ],
      ],
    },
    // left open at the top
    {
      weight: 1,
      aspect: 0.7,
      strokes: [["curve", 0.36, 0.02, 0.08, 0.4, 0.18, 0.88, 0.55, 1, 0.9, 0.7, 0.9, 0.26, 0.62, 0.04]],
    },
  ],
  [
    { weight: 5, aspect: 0.3, strokes: [["line", 0.5, 0, 0.5, 1]] },
    { weight: 3, aspect: 0.5, strokes: [["line", 0.16, 0.24, 0.56, 0, 0.56, 1]] },
    // flag and foot
    {
      weight: 2,
      aspect: 0.55,
      strokes: [
        ["line", 0.14, 0.22, 0.52, 0, 0.52, 1],
        ["line", 0.1, 1, 0.94, 0.99],
      ],
    },
  ],
  [
    {
      weight: 4,
      aspect: 0.7,
      strokes: [
        ["curve", 0.08, 0.24, 0.28, 0.03, 0.68, 0.02, 0.86, 0.26, 0.7, 0.58, 0.36, 0.84, 0.06, 1],
        ["line", 0.06, 1, 0.95, 0.97],
      ],
    },
    // loop at the foot
    {
      weight: 4,
      aspect: 0.76,
      strokes: [
        [
          "curve",
          0.1,
          0.2,
          0.42,
          0,
          0.8,
          0.14,
          0.74,
          0.46,
          0.42,
          0.8,
          0.14,
          0.98,
          0.04,
          0.84,
          0.26,
          0.78,
          0.58,
          0.96,
          0.98,
          0.9,
        ],
      ],
    },
    // angular, like a Z
    { weight: 1, aspect: 0.72, strokes: [["line", 0.1, 0.08, 0.84, 0.05, 0.08, 0.97, 0.94, 0.95]] },
  ],
  [
    {
      weight: 5,
      aspect: 0.68,
      strokes: [
        ["curve", 0.1, 0.12, 0.48, 0, 0.84, 0.18, 0.7, 0.42, 0.36, 0.48],
        ["curve", 0.36, 0.48, 0.78, 0.52, 0.92, 0.76, 0.58, 1, 0.06, 0.9],
      ],
    },
    // flat top
    {
      weight: 2,
      aspect: 0.68,
      strokes: [
        ["line", 0.1, 0.04, 0.86, 0.03, 0.4, 0.4],
        ["curve", 0.4, 0.4, 0.84, 0.48, 0.9, 0.8, 0.52, 1, 0.08, 0.88],
      ],
    },
    // small loop in the middle
    {
      weight: 2,
      aspect: 0.7,
      strokes: [
        [
          "curve",
          0.14,
          0.1,
          0.56,
          0.01,
          0.82,
          0.2,
          0.54,
          0.46,
          0.34,
          0.5,
          0.5,
          0.42,
          0.86,
          0.58,
          0.82,
          0.9,
          0.4,
          1,
          0.06,
          0.86,
        ],
      ],
    },
  ],
  [
    // open
    {
      weight: 5,
      aspect: 0.72,
      strokes: [
        ["line", 0.16, 0.02, 0.06, 0.54, 0.92, 0.52],
        ["line", 0.76, 0.06, 0.7, 1],
      ],
    },
    // open, round on the left
    {
      weight: 3,
      aspect: 0.72,
      strokes: [
        ["curve", 0.14, 0, 0.06, 0.36, 0.2, 0.54, 0.52, 0.5, 0.84, 0.38],
        ["line", 0.86, 0.02, 0.8, 1],
      ],
    },
    // closed
    { weight: 3, aspect: 0.74, strokes: [["line", 0.66, 1, 0.66, 0, 0.04, 0.66, 0.96, 0.64]] },
  ],
  [
    {
      weight: 5,
      aspect: 0.68,
      strokes: [
        ["line", 0.86, 0.02, 0.22, 0.03, 0.16, 0.42],
        ["curve", 0.16, 0.42, 0.56, 0.36, 0.9, 0.62, 0.68, 0.95, 0.06, 0.95],
      ],
    },
    // the hat is drawn last and stands apart
    {
      weight: 3,
      aspect: 0.72,
      strokes: [
        ["curve", 0.24, 0.08, 0.2, 0.42, 0.58, 0.44, 0.82, 0.7, 0.52, 0.98, 0.06, 0.92],
        ["line", 0.28, 0.06, 0.96, 0.01],
      ],
    },
    // one sweep, like an S
    {
      weight: 1,
      aspect: 0.66,
      strokes: [["curve", 0.88, 0.06, 0.46, 0.03, 0.16, 0.26, 0.4, 0.46, 0.78, 0.64, 0.66, 0.94, 0.1, 0.96]],
    },
  ],
  [
    {
      weight: 5,
      aspect: 0.66,
      strokes: [
        [
          "curve",
          0.74,
          0.01,
          0.34,
          0.22,
          0.08,
          0.62,
          0.24,
          0.95,
          0.64,
          0.99,
          0.9,
          0.76,
          0.62,
          0.54,
          0.26,
          0.62,
          0.12,
          0.78,
        ],
      ],
    },
    // straight back
    {
      weight: 3,
      aspect: 0.6,
      strokes: [
        ["curve", 0.5, 0, 0.24, 0.36, 0.1, 0.74, 0.34, 1, 0.78, 0.9, 0.82, 0.64, 0.46, 0.58, 0.14, 0.8],
      ],
    },
    // large, closed loop
    {
      weight: 2,
      aspect: 0.74,
      strokes: [
        [
          "curve",
          0.84,
          0.08,
          0.46,
          0.04,
          0.12,
          0.42,
          0.12,
          0.84,
          0.5,
          1,
          0.86,
          0.8,
          0.76,
          0.46,
          0.4,
          0.42,
          0.12,
          0.64,
        ],
      ],
    },
  ],
  [
    { weight: 5, aspect: 0.66, strokes: [["line", 0.06, 0.05, 0.92, 0.03, 0.38, 1]] },
    // barred
    {
      weight: 3,
      aspect: 0.68,
      strokes: [
        ["line", 0.06, 0.05, 0.92, 0.03, 0.36, 1],
        ["line", 0.26, 0.52, 0.86, 0.48],
      ],
    },
    // bent back, hooked on the left
    {
      weight: 2,
      aspect: 0.68,
      strokes: [
        ["line", 0.06, 0.22, 0.1, 0.05, 0.92, 0.04],
        ["curve", 0.92, 0.04, 0.66, 0.36, 0.5, 0.66, 0.48, 1],
      ],
    },
  ],
  [
    // one line crossing itself
    {
      weight: 5,
      aspect: 0.66,
      strokes: [
        [
          "curve",
          0.82,
          0.14,
          0.5,
          0,
          0.16,
          0.18,
          0.38,
          0.42,
          0.8,
          0.66,
          0.72,
          0.94,
          0.34,
          1,
          0.12,
          0.78,
          0.46,
          0.5,
          0.84,
          0.26,
          0.82,
          0.12,
        ],
      ],
    },
    // two rings
    {
      weight: 3,
      aspect: 0.62,
      strokes: [
        ["curve", 0.5, 0.45, 0.2, 0.28, 0.34, 0.03, 0.68, 0.04, 0.8, 0.28, 0.5, 0.45],
        ["curve", 0.5, 0.45, 0.1, 0.68, 0.28, 0.98, 0.74, 0.97, 0.9, 0.68, 0.5, 0.45],
      ],
    },
    // top left open
    {
      weight: 2,
      aspect: 0.66,
      strokes: [
        [
          "curve",
          0.86,
          0.06,
          0.4,
          0.06,
          0.2,
          0.26,
          0.6,
          0.5,
          0.82,
          0.78,
          0.48,
          1,
          0.16,
          0.82,
          0.42,
          0.54,
          0.92,
          0.14,
        ],
      ],
    },
  ],
  [
    {
      weight: 5,
      aspect: 0.62,
      strokes: [
        ["curve", 0.84, 0.22, 0.52, 0, 0.12, 0.2, 0.2, 0.46, 0.56, 0.46, 0.84, 0.2],
        ["line", 0.86, 0.14, 0.74, 1],
      ],
    },
    // curved tail
    {
      weight: 3,
      aspect: 0.66,
      strokes: [
        [
          "curve",
          0.86,
          0.2,
          0.5,
          0,
          0.12,
          0.24,
          0.36,
          0.5,
          0.74,
          0.38,
          0.88,
          0.16,
          0.86,
          0.6,
          0.64,
          0.95,
          0.18,
          0.94,
        ],
      ],
    },
    // loop not closed
    {
      weight: 2,
      aspect: 0.64,
      strokes: [
        ["curve", 0.72, 0.06, 0.3, 0.06, 0.08, 0.32, 0.34, 0.5, 0.8, 0.3],
        ["curve", 0.86, 0.06, 0.82, 0.5, 0.66, 1],
      ],
    },
  ],
];
