// Losses, optimizers, schedules and metrics by the names that requests use.
//
// Place: where a description becomes a trainer. Invariant: a fixed table; a name or an option that is not in it is refused,
// so that text from outside reaches no other function.

import { ConfigError } from "../errors.ts";
import {
  categoricalFocal,
  multilabelSoftMargin,
  multiMargin,
  negativeLogLikelihood,
  softmaxCrossEntropy,
} from "../losses/classes.ts";
import type { Loss } from "../losses/loss.ts";
import {
  binaryCrossEntropy,
  binaryFocal,
  hinge,
  hingeEmbedding,
  huber,
  klDivergence,
  logCosh,
  mae,
  mse,
  poisson,
  quantile,
  softMargin,
  squaredHinge,
} from "../losses/losses.ts";
import { cosineEmbedding, cosineSimilarity, gaussianNll, marginRanking, triplet } from "../losses/pairs.ts";
import { accuracy, type Metric, meanAbsoluteError } from "../metrics/metrics.ts";
import { adamax, amsgrad, lion, nadam, radam } from "../optimizers/adam-family.ts";
import { adadelta, adagrad, dampenedSgd, rmsprop, rprop } from "../optimizers/elementwise.ts";
import { adam, adamw, type Optimizer, sgd } from "../optimizers/optimizers.ts";
import {
  cosineDecay,
  cosineRestarts,
  cyclical,
  exponentialDecay,
  inverseTimeDecay,
  linearRamp,
  multiStepDecay,
  oneCycle,
  piecewiseConstant,
  polynomialDecay,
  type Schedule,
  stepDecay,
  warmUp,
} from "../schedules/schedules.ts";

interface Entry<T> {
  /** Takes the values of `first`, then the other options as an object. */
  readonly make: (...args: never[]) => T;
  readonly first?: readonly string[];
  readonly options: readonly string[];
}
type Table<T> = Readonly<Record<string, Entry<T>>>;

const entry = <T>(make: Entry<T>["make"], ...options: readonly string[]): Entry<T> => ({ make, options });
const loss = (make: Entry<Loss>["make"], ...options: readonly string[]): Entry<Loss> =>
  entry(make, "reduction", ...options);

export const LOSSES: Table<Loss> = {
  mse: loss(mse),
  mae: loss(mae),
  huber: loss(huber, "delta"),
  logCosh: loss(logCosh),
  quantile: { ...loss(quantile), first: ["q"] },
  poisson: loss(poisson, "logInput"),
  klDivergence: loss(klDivergence, "logTarget", "perElement"),
  binaryCrossEntropy: loss(binaryCrossEntropy, "fromLogits", "positiveWeight", "labelSmoothing"),
  binaryFocal: loss(binaryFocal, "gamma", "alpha"),
  hinge: loss(hinge, "margin"),
  squaredHinge: loss(squaredHinge),
  softMargin: loss(softMargin),
  hingeEmbedding: loss(hingeEmbedding, "margin"),
  softmaxCrossEntropy: loss(
    softmaxCrossEntropy,
    ...["targets", "labelSmoothing", "classWeights", "ignoreLabel"],
  ),
  negativeLogLikelihood: loss(negativeLogLikelihood, "classWeights", "ignoreLabel"),
  categoricalFocal: loss(categoricalFocal, "classWeights", "ignoreLabel", "gamma"),
  multiMargin: loss(multiMargin, "classWeights", "ignoreLabel", "margin", "p"),
  multilabelSoftMargin: loss(multilabelSoftMargin, "classWeights"),
  cosineSimilarity: loss(cosineSimilarity),
  cosineEmbedding: loss(cosineEmbedding, "margin"),
  marginRanking: loss(marginRanking, "margin"),
  triplet: loss(triplet, "margin"),
  gaussianNll: loss(gaussianNll, "epsilon", "full"),
};

const optimizer = (make: Entry<Optimizer>["make"], ...options: readonly string[]): Entry<Optimizer> =>
  entry(make, "learningRate", "clipNorm", "clipNormKind", "clipValue", ...options);
const family = ["beta1", "beta2", "epsilon", "weightDecay"];

export const OPTIMIZERS: Table<Optimizer> = {
  sgd: optimizer(sgd, "momentum", "nesterov", "weightDecay"),
  dampenedSgd: optimizer(dampenedSgd, "momentum", "dampening", "weightDecay"),
  adam: optimizer(adam, ...family),
  adamw: optimizer(adamw, ...family),
  adamax: optimizer(adamax, ...family),
  nadam: optimizer(nadam, ...family, "momentumDecay"),
  radam: optimizer(radam, ...family),
  amsgrad: optimizer(amsgrad, ...family, "decoupled"),
  lion: optimizer(lion, "beta1", "beta2", "weightDecay"),
  adagrad: optimizer(adagrad, "rateDecay", "initialAccumulator", "epsilon", "weightDecay"),
  adadelta: optimizer(adadelta, "rho", "epsilon", "weightDecay"),
  rmsprop: optimizer(rmsprop, "rho", "epsilon", "momentum", "centered", "weightDecay"),
  rprop: optimizer(rprop, "etaMinus", "etaPlus", "minStep", "maxStep"),
};

const schedule = (
  ...[make, first, options]: [Entry<Schedule>["make"], readonly string[], readonly string[]]
): Entry<Schedule> => ({ make, first, options });
const rate = ["rate"];

/** reduceOnPlateau is not among them: it follows the losses of whole epochs, which slices do not give. */
export const SCHEDULES: Table<Schedule> = {
  stepDecay: schedule(stepDecay, rate, ["every", "factor"]),
  multiStepDecay: schedule(multiStepDecay, rate, ["milestones", "factor"]),
  piecewiseConstant: schedule(piecewiseConstant, ["boundaries", "rates"], []),
  exponentialDecay: schedule(exponentialDecay, rate, ["factor", "every", "staircase"]),
  inverseTimeDecay: schedule(inverseTimeDecay, rate, ["decay", "every"]),
  polynomialDecay: schedule(polynomialDecay, rate, ["steps", "power", "end"]),
  linearRamp: schedule(linearRamp, rate, ["steps", "from", "to"]),
  cosineDecay: schedule(cosineDecay, rate, ["steps", "end", "repeat"]),
  cosineRestarts: schedule(cosineRestarts, rate, ["first", "factor", "end"]),
  oneCycle: schedule(
    oneCycle,
    ["maxRate"],
    ["steps", "peakAt", "shape", "threePhase", "startFactor", "endFactor"],
  ),
  cyclical: schedule(cyclical, ["low", "high"], ["up", "down", "mode", "gamma"]),
  warmUp: schedule(warmUp, ["steps", "next"], ["from"]),
};

const metrics: Table<Metric> = {
  accuracy: entry(accuracy),
  mae: entry(meanAbsoluteError),
};

function named<T>(...[kind, table, name, options]: [string, Table<T>, string, object]): T {
  const found = Object.hasOwn(table, name) ? table[name] : undefined;
  if (!found)
    throw new ConfigError(
      `${kind}/unknown`,
      `no ${kind} "${name.slice(0, 80)}"; known are ${Object.keys(table).join(", ")}`,
    );
  const { make, first = [], options: others } = found;
  const known = [...first, ...others];
  const wrong = Object.keys(options).find((key) => !known.includes(key));
  if (wrong !== undefined)
    throw new ConfigError(
      `${kind}/option`,
      `${name}: unknown option "${wrong.slice(0, 80)}"; known are ${known.join(", ") || "none"}`,
    );
  const given = new Map<string, unknown>(Object.entries(options));
  const leading = first.map((key) => {
    if (!given.has(key)) throw new ConfigError(`${kind}/option`, `${name}: the option "${key}" is missing`);
    return given.get(key);
  });
  const rest = Object.fromEntries([...given].filter(([key]) => !first.includes(key)));
  return make(...([...leading, rest] as never[]));
}

/** @throws ConfigError for an unknown name or option, as the next two */
export const lossNamed = (name: string, options: object = {}): Loss => named("loss", LOSSES, name, options);

export const metricNamed = (name: string): Metric => named("metric", metrics, name, {});

/** `learningRate` may be a schedule: `{ "name": "cosineDecay", "rate": 0.01, "steps": 1000 }`. */
export function optimizerNamed(name: string, options: object = {}): Optimizer {
  const rated = Object.entries(options).map(([key, value]) => [
    key,
    key === "learningRate" ? rateOf(value, 0) : value,
  ]);
  return named("optimizer", OPTIMIZERS, name, Object.fromEntries(rated));
}

/** A number, or a schedule; the `next` of a warm-up may be one again. */
function rateOf(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  if (depth > 4) throw new ConfigError("schedule/option", "schedules are nested too deeply");
  const { name, ...options } = value as { name?: unknown; next?: unknown };
  if (typeof name !== "string")
    throw new ConfigError("schedule/option", 'a schedule needs a name, such as "cosineDecay"');
  const next = options.next === undefined ? {} : { next: rateOf(options.next, depth + 1) };
  return named("schedule", SCHEDULES, name, { ...options, ...next });
}
