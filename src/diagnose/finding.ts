// What a diagnosis says: findings with their evidence and remedy, and the figures they were drawn from.
//
// Place: shared by the checks of this folder; plain data. Invariant: every finding carries the figures that led to it
// and says what to do.

/** What can be wrong with a training. */
export type FindingCode =
  | "not-finite"
  | "vanishing-gradients"
  | "exploding-gradients"
  | "dead-units"
  | "saturated-activations"
  | "loss-not-falling"
  | "learning-rate-high"
  | "learning-rate-low"
  | "unscaled-inputs"
  | "class-imbalance"
  | "overfitting";

export interface Finding {
  readonly code: FindingCode;
  /** "dense (layers.0)", where one layer is concerned. */
  readonly layer?: string;
  /** What was seen, with its figures, in one sentence. */
  readonly message: string;
  /** The same figures for programs. */
  readonly evidence: Readonly<Record<string, number | string | readonly number[]>>;
  readonly remedy: string;
}

/** How one layer behaves on the rows that were looked at. */
export interface LayerReport {
  readonly layer: string;
  /** Root mean square of its output. */
  readonly output: number;
  /** 2-norm of the loss's gradient by its output, over all rows. */
  readonly gradient: number;
  /** Of a ReLU: units, and those that are 0 in every row. */
  readonly units?: number;
  readonly dead?: number;
  /** Of sigmoid, tanh and clamps: share of values where the slope is nearly 0. */
  readonly saturated?: number;
}

/** Some steps on a copy of the trainer at another rate. */
export interface RateTrial {
  /** Times the trainer's own rate. */
  readonly factor: number;
  readonly learningRate: number;
  /** Loss over the rows looked at, before and after. */
  readonly before: number;
  readonly after: number;
  readonly steps: number;
  /** Message of the step that became infinite or NaN, if one did. */
  readonly diverged?: string;
}

export interface Losses {
  readonly train: number;
  /** What it is without looking at x: with the targets of other rows, or of the best constant, whichever is lower. */
  readonly guessing: number;
  readonly validation?: number;
}

export interface Diagnosis {
  readonly findings: readonly Finding[];
  readonly rows: number;
  readonly losses?: Losses;
  readonly layers: readonly LayerReport[];
  readonly trials: readonly RateTrial[];
}

/** A number for people: four digits. */
export function figure(value: number): string {
  if (!Number.isFinite(value) || value === 0) return String(value);
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) return value.toExponential(1);
  return String(Number(value.toPrecision(3)));
}

export const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;
