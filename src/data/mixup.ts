// Mixup (Zhang et al. 2018): training on lines between pairs of rows, with targets mixed alike.
//
// Place: between a data set and `fit`, as a stream of batches. Invariant: the batches depend on data, options and seed
// alone, with the same bits in every runtime.

import { ConfigError, ShapeError } from "../errors.ts";
import { power } from "../schedules/evaluate.ts";
import { PhiloxStream } from "./philox.ts";
import { shuffle } from "./split.ts";

export interface MixupOptions {
  readonly batchSize: number;
  /** Passes over the rows, default 1. */
  readonly epochs?: number;
  /** Shares are drawn from Beta(alpha, alpha), default 0.2: mostly near 0 and 1. */
  readonly alpha?: number;
  /** For integer labels: how many classes there are; targets become one share per class. */
  readonly classes?: number;
  /** Default 0. */
  readonly seed?: number;
}

export interface MixedBatch {
  readonly x: Float32Array;
  readonly y: Float32Array;
}

/** Beta(a, a) by Jöhnk's method: u^(1/a) of u^(1/a) + v^(1/a), where the sum is at most 1. */
function beta(random: PhiloxStream, a: number): number {
  for (;;) {
    // In (0, 1], so that both have a logarithm.
    const u = power((random.word() + 1) / 2 ** 32, 1 / a);
    const v = power((random.word() + 1) / 2 ** 32, 1 / a);
    if (u + v <= 1 && u + v > 0) return u / (u + v);
  }
}

/**
 * Batches whose rows are share·a + (1 − share)·b of two rows each, x and y alike; every row is an a once an epoch.
 * Labels become shares: train with `softmaxCrossEntropy({ targets: "probabilities" })`, or with numbers as targets
 * (binary cross-entropy, mean squared error) without `classes`.
 *
 * @example
 * await trainer.fit(mixup({ x, y }, { batchSize: 32, epochs: 20, classes: 10, seed: 1 }));
 * @throws ConfigError, ShapeError before the first batch
 */
export async function* mixup(
  data: { readonly x: ArrayLike<number>; readonly y: ArrayLike<number> },
  options: MixupOptions & { readonly rows?: number },
): AsyncGenerator<MixedBatch, void> {
  const { batchSize, epochs = 1, alpha = 0.2, classes, seed = 0 } = options;
  const whole = (option: string, value: number, least: number) => {
    if (!(Number.isSafeInteger(value) && value >= least))
      throw new ConfigError(
        "mixup/option",
        `mixup: ${option} must be a whole number of at least ${least}, got ${value}`,
        {
          option,
        },
      );
  };
  whole("batchSize", batchSize, 1);
  whole("epochs", epochs, 1);
  whole("seed", seed, 0);
  if (classes !== undefined) whole("classes", classes, 2);
  if (!(alpha > 0 && alpha <= 1))
    throw new ConfigError("mixup/option", `mixup: alpha must be above 0 and at most 1, got ${alpha}`, {
      option: "alpha",
    });
  const rows = options.rows ?? data.y.length;
  const [width, height] = [data.x.length / rows, data.y.length / rows];
  if (!(rows > 0 && Number.isInteger(width) && width > 0 && Number.isInteger(height)))
    throw new ShapeError(
      "mixup/shape",
      `mixup: ${data.x.length} values of x and ${data.y.length} of y are not ${rows} rows: give rows`,
    );
  if (classes !== undefined) checkLabels(data.y, classes);
  const columns = height * (classes ?? 1);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const random = new PhiloxStream(seed, 16 + epoch);
    const [first, second] = [0, 1].map(() => {
      const order = Uint32Array.from({ length: rows }, (_, i) => i);
      shuffle(order, random);
      return order;
    }) as [Uint32Array, Uint32Array];
    for (let from = 0; from < rows; from += batchSize) {
      const count = Math.min(batchSize, rows - from);
      const [x, y] = [new Float32Array(count * width), new Float32Array(count * columns)];
      for (let i = 0; i < count; i++) {
        const share = beta(random, alpha);
        for (const [row, part] of [
          [first[from + i]!, share],
          [second[from + i]!, 1 - share],
        ] as const) {
          for (let c = 0; c < width; c++) x[i * width + c]! += part * data.x[row * width + c]!;
          for (let t = 0; t < height; t++) {
            const target = data.y[row * height + t]!;
            if (classes === undefined) y[i * columns + t]! += part * target;
            else y[i * columns + t * classes + target]! += part;
          }
        }
      }
      yield { x, y };
    }
  }
}

function checkLabels(y: ArrayLike<number>, classes: number): void {
  for (let i = 0; i < y.length; i++)
    if (!(Number.isInteger(y[i]) && y[i]! >= 0 && y[i]! < classes))
      throw new ConfigError(
        "mixup/label",
        `mixup: expected labels from 0 to ${classes - 1}, got ${y[i]} in row ${i}`,
        {
          row: i,
        },
      );
}
