// What an explanation holds: every number of one training step on one row, as plain data.
//
// Place: made by explain.ts, shown by text.ts and page.ts. Invariant: every number is the core's, but for the difference
// quotients, which are made of the core's losses.

/** One term of a weighted sum. */
export interface Term {
  /** "x1", "h2": what is weighed. */
  readonly from: string;
  readonly input: number;
  readonly weight: number;
  readonly product: number;
}

/** One factor of the chain rule: "∂L/∂y" and its value. */
export interface Factor {
  readonly symbol: string;
  readonly value: number;
}

/** A weight or bias through one step. */
export interface WeightStep {
  /** "0.weight[1, 0]": row and column as files have them, [out, in]. */
  readonly name: string;
  /** "w(x1→h2)" */
  readonly symbol: string;
  readonly value: number;
  /** Their product is the gradient. */
  readonly factors: readonly Factor[];
  readonly gradient: number;
  readonly numeric: Numeric;
  /** The value after the update, and what the update added. */
  readonly after: number;
  readonly change: number;
}

/** A derivative from differences of the loss, with its own estimate of its error. */
export interface Numeric {
  readonly value: number;
  readonly error: number;
  /** Whether the gradient lies within that error (and the rounding of f32). */
  readonly agrees: boolean;
}

export interface NeuronStep {
  /** "x1 … " inputs, "h1" or "h1.2" hidden, "y" or "y2" outputs. */
  readonly name: string;
  readonly index: number;
  /** The weighted inputs; of many, those with the largest products. */
  readonly terms: readonly Term[];
  readonly omittedTerms: number;
  readonly bias?: number;
  /** z, the weighted sum with the bias. */
  readonly sum: number;
  /** a = f(z) */
  readonly output: number;
  /** ∂L/∂a */
  readonly dOutput: number;
  /** Where ∂L/∂a comes from: the weights of the next layer, each times its ∂L/∂z. */
  readonly through: readonly Term[];
  /** ∂a/∂z; absent where the activation mixes neurons (softmax). */
  readonly slope?: number;
  /** ∂L/∂z */
  readonly delta: number;
  /** Weights in the order of `terms`, the bias last. */
  readonly weights: readonly WeightStep[];
}

export interface DenseStep {
  readonly kind: "dense";
  /** "dense (layers.0)" */
  readonly layer: string;
  readonly activation: string;
  readonly units: number;
  readonly neurons: readonly NeuronStep[];
  /** Neurons that are not listed: those with the smallest |∂L/∂z|. */
  readonly omittedNeurons: number;
}

/** A layer that is not taken apart: its values and gradients whole. */
export interface OtherStep {
  readonly kind: "other";
  readonly layer: string;
  readonly output: readonly number[];
  readonly dOutput: readonly number[];
  /** Of its parameters, those with the largest gradients. */
  readonly weights: readonly WeightStep[];
  readonly omittedWeights: number;
}

export interface Explanation {
  readonly inputs: readonly { readonly name: string; readonly value: number }[];
  readonly omittedInputs: number;
  readonly outputs: readonly number[];
  readonly targets: readonly number[];
  readonly loss: { readonly name: string; readonly formula?: string; readonly value: number };
  /** The loss of the same row after the update. */
  readonly lossAfter: number;
  readonly optimizer: string;
  readonly learningRate: number;
  readonly layers: readonly (DenseStep | OtherStep)[];
  readonly parameters: number;
  /** Over all weights that are listed. */
  readonly check: {
    readonly compared: number;
    readonly agreeing: number;
    readonly largestDifference: number;
  };
}
