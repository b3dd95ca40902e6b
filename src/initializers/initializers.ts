// How a parameter starts: names of distributions and the spread each has.
//
// Place: options of layers name one; train/ turns it into a Random record of the core.
// Invariant: the numbers come from the core's counter-based generator, so they are the same in every runtime.

import { ConfigError } from "../errors.ts";
import { product } from "../shape.ts";

export type InitializerName =
  | "glorotUniform"
  | "glorotNormal"
  | "heUniform"
  | "heNormal"
  | "lecunUniform"
  | "lecunNormal"
  | "uniform"
  | "normal"
  | "zeros"
  | "ones";

/** A name, or a name with its parameters: `{ name: "normal", mean: 0, stddev: 0.05 }`. */
export type Initializer =
  | InitializerName
  | { readonly name: "uniform"; readonly min: number; readonly max: number }
  | { readonly name: "normal"; readonly mean: number; readonly stddev: number }
  | { readonly name: "constant"; readonly value: number }
  | {
      readonly name: ScaledName;
      /** Multiplies the spread: a number, or that of an activation (PyTorch's calculate_gain). */
      readonly gain?: number | Gain;
      /** Slope of "leakyRelu" (0.01). */
      readonly negativeSlope?: number;
      /** Which fan the LeCun forms divide by; default "in". */
      readonly fan?: "in" | "out";
    };

type ScaledName = "glorotUniform" | "glorotNormal" | "lecunUniform" | "lecunNormal";
export type Gain = "linear" | "sigmoid" | "tanh" | "relu" | "leakyRelu" | "selu";

/** What the core fills a tensor with: a constant, uniform in [p, q), or normal with mean p and deviation q. */
export type Distribution =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "uniform"; readonly p: number; readonly q: number }
  | { readonly kind: "normal"; readonly p: number; readonly q: number };

export interface Fans {
  readonly fanIn: number;
  readonly fanOut: number;
}

/** Fans of a weight whose last two axes are [in, out] and whose other axes are a receptive field. */
export function fansOf(shape: readonly number[]): Fans {
  const field = product(shape.slice(0, -2));
  return { fanIn: field * (shape.at(-2) ?? shape[0] ?? 1), fanOut: field * (shape.at(-1) ?? 1) };
}

const symmetric = (limit: number): Distribution => ({ kind: "uniform", p: -limit, q: limit });
const gaussian = (deviation: number): Distribution => ({ kind: "normal", p: 0, q: deviation });

/** How much the spread of the next layer's inputs shrinks through an activation, turned round. */
function gainOf(spec: {
  readonly name: string;
  readonly gain?: number | Gain;
  readonly negativeSlope?: number;
}): number {
  const { gain = 1, negativeSlope = 0.01 } = spec;
  switch (gain) {
    case "linear":
    case "sigmoid":
      return 1;
    case "tanh":
      return 5 / 3;
    case "relu":
      return Math.SQRT2;
    case "leakyRelu":
      return Math.sqrt(2 / (1 + negativeSlope * negativeSlope));
    case "selu":
      return 0.75;
    default:
      if (typeof gain === "number" && Number.isFinite(gain) && gain > 0) return gain;
      throw new ConfigError("config/initializer", `unknown gain "${gain}"`, { option: "gain" });
  }
}

/**
 * The distribution of an initializer. Glorot: Glorot & Bengio 2010; He: He et al. 2015; LeCun: LeCun et al. 1998.
 * Normal forms are not truncated (as in PyTorch).
 *
 * @throws ConfigError if the name is unknown
 */
export function distributionOf(initializer: Initializer, fans: Fans): Distribution {
  const spec = typeof initializer === "string" ? { name: initializer } : initializer;
  const { fanIn, fanOut } = "fan" in spec && spec.fan === "out" ? { ...fans, fanIn: fans.fanOut } : fans;
  const gain = gainOf(spec);
  if (gain !== 1) {
    const plain = distributionOf(spec.name as InitializerName, { fanIn, fanOut });
    return plain.kind === "constant" ? plain : { ...plain, p: plain.p * gain, q: plain.q * gain };
  }
  switch (spec.name) {
    case "glorotUniform":
      return symmetric(Math.sqrt(6 / (fanIn + fanOut)));
    case "glorotNormal":
      return gaussian(Math.sqrt(2 / (fanIn + fanOut)));
    case "heUniform":
      return symmetric(Math.sqrt(6 / fanIn));
    case "heNormal":
      return gaussian(Math.sqrt(2 / fanIn));
    case "lecunUniform":
      return symmetric(Math.sqrt(3 / fanIn));
    case "lecunNormal":
      return gaussian(Math.sqrt(1 / fanIn));
    case "uniform":
      return "min" in spec ? { kind: "uniform", p: spec.min, q: spec.max } : symmetric(0.05);
    case "normal":
      return "mean" in spec ? { kind: "normal", p: spec.mean, q: spec.stddev } : gaussian(0.05);
    case "zeros":
      return { kind: "constant", value: 0 };
    case "ones":
      return { kind: "constant", value: 1 };
    case "constant":
      return { kind: "constant", value: (spec as { value: number }).value };
    default:
      throw new ConfigError(
        "config/initializer",
        `unknown initializer "${(spec as { name: string }).name}"`,
        {
          option: "initializer",
        },
      );
  }
}
