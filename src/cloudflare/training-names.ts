// Losses, optimizers and metrics by the names that requests use.
//
// Place: where a description becomes a trainer. Invariant: a fixed table; a name or an option that is not in it is refused,
// so that text from outside reaches no other function.

import { ConfigError } from "../errors.ts";
import { binaryCrossEntropy, huber, type Loss, mae, mse, softmaxCrossEntropy } from "../losses/losses.ts";
import { accuracy, type Metric, meanAbsoluteError } from "../metrics/metrics.ts";
import { adam, adamw, type Optimizer, sgd } from "../optimizers/optimizers.ts";

interface Entry<T> {
  readonly make: (options: never) => T;
  readonly options: readonly string[];
}

const common = ["learningRate", "clipNorm", "clipValue"];
const adamOptions = [...common, "beta1", "beta2", "epsilon", "weightDecay"];

const losses: Readonly<Record<string, Entry<Loss>>> = {
  mse: { make: mse, options: ["reduction"] },
  mae: { make: mae, options: ["reduction"] },
  huber: { make: huber, options: ["reduction", "delta"] },
  binaryCrossEntropy: { make: binaryCrossEntropy, options: ["reduction"] },
  softmaxCrossEntropy: { make: softmaxCrossEntropy, options: ["reduction", "targets"] },
};

const optimizers: Readonly<Record<string, Entry<Optimizer>>> = {
  sgd: { make: sgd, options: [...common, "momentum", "nesterov", "weightDecay"] },
  adam: { make: adam, options: adamOptions },
  adamw: { make: adamw, options: adamOptions },
};

const metrics: Readonly<Record<string, Entry<Metric>>> = {
  accuracy: { make: accuracy, options: [] },
  mae: { make: meanAbsoluteError, options: [] },
};

function named<T>(
  ...[kind, table, name, options]: [string, Readonly<Record<string, Entry<T>>>, string, object]
): T {
  const entry = Object.hasOwn(table, name) ? table[name] : undefined;
  if (!entry)
    throw new ConfigError(
      `${kind}/unknown`,
      `no ${kind} "${name.slice(0, 80)}"; known are ${Object.keys(table).join(", ")}`,
    );
  const wrong = Object.keys(options).find((key) => !entry.options.includes(key));
  if (wrong !== undefined)
    throw new ConfigError(
      `${kind}/option`,
      `${name}: unknown option "${wrong.slice(0, 80)}"; known are ${entry.options.join(", ") || "none"}`,
    );
  return entry.make(options as never);
}

/** @throws ConfigError for an unknown name or option, as the next two */
export const lossNamed = (name: string, options: object = {}): Loss => named("loss", losses, name, options);

export const optimizerNamed = (name: string, options: object = {}): Optimizer =>
  named("optimizer", optimizers, name, options);

export const metricNamed = (name: string): Metric => named("metric", metrics, name, {});
