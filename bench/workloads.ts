// The workloads W1–W9: shapes, data, starting weights and work per step, one table for every implementation.
//
// Place: read by main.ts; workers get the same values as JSON and raw files.
// Invariant: data and weights follow from the configuration alone, so that every implementation starts from the same
// numbers and its losses can be compared.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface MlpTask {
  readonly kind: "train" | "predict";
  /** Units from input to output. */
  readonly sizes: readonly number[];
  readonly hidden: "relu" | "tanh";
  readonly loss: "softmaxCrossEntropy" | "mse";
  readonly optimizer: "sgd" | "adam";
  readonly learningRate: number;
  readonly batch: number;
  /** Rows of the data set, which the steps go through again and again. */
  readonly rows: number;
  /** Steps after which the mean loss of a batch cycle must have fallen. */
  readonly learnSteps: number;
}

export interface GemmTask {
  readonly kind: "gemm";
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transA: boolean;
  readonly transB: boolean;
}

export type Task = MlpTask | GemmTask;

export interface Workload {
  readonly workload: string;
  readonly config: string;
  /** Absent where edgegrad has no operations for it yet. */
  readonly task?: Task;
  readonly flops: number;
}

// FLOPs: 2 per multiply-add; backward = dW + dX without the first layer's dX.
function mlpFlops({ kind, sizes, batch }: MlpTask): number {
  const layers = sizes.slice(1).map((units, i) => 2 * batch * units * sizes[i]!);
  const forward = layers.reduce((a, b) => a + b, 0);
  return kind === "predict" ? forward : 3 * forward - layers[0]!;
}

const gemm = (m: number, k: number, n: number, form: "nn" | "tn" | "nt" = "nn"): Workload => ({
  workload: "W1",
  config: `GEMM ${m}×${k}×${n} ${form}`,
  task: { kind: "gemm", m, k, n, transA: form[0] === "t", transB: form[1] === "t" },
  flops: 2 * m * k * n,
});

function mlp(workload: string, config: string, options: Partial<MlpTask>): Workload {
  const task: MlpTask = {
    kind: "train",
    sizes: [784, 128, 10],
    hidden: "relu",
    loss: "softmaxCrossEntropy",
    optimizer: "adam",
    learningRate: 1e-3,
    batch: 1,
    rows: 2048,
    learnSteps: 64,
    ...options,
  };
  return { workload, config, task, flops: mlpFlops(task) };
}

const missing = (workload: string, config: string): Workload => ({ workload, config, flops: Number.NaN });

const sgd = { optimizer: "sgd", learningRate: 0.01 } as const;

export const WORKLOADS: readonly Workload[] = [
  ...[128, 256, 512, 1024].map((n) => gemm(n, n, n)),
  gemm(512, 512, 512, "tn"),
  gemm(512, 512, 512, "nt"),
  gemm(64, 784, 128),
  gemm(784, 64, 128, "tn"),
  gemm(64, 128, 784, "nt"),
  gemm(1, 784, 128),
  mlp("W2", "batch 1, SGD", { ...sgd, batch: 1, learnSteps: 2048 }),
  mlp("W2", "batch 32, Adam", { batch: 32 }),
  mlp("W2", "batch 64, Adam", { batch: 64 }),
  mlp("W2", "batch 256, SGD", { ...sgd, learningRate: 0.05, batch: 256 }),
  mlp("W3", "batch 64, Adam", { sizes: [784, 1024, 1024, 10], batch: 64, rows: 512, learnSteps: 24 }),
  mlp("W4", "XOR 2-4-1, batch 4, SGD", {
    ...{ sizes: [2, 4, 1], hidden: "tanh", loss: "mse", optimizer: "sgd", learningRate: 0.5 },
    ...{ batch: 4, rows: 4, learnSteps: 2000 },
  }),
  missing("W5", "LeNet-5, batch 64, Adam"),
  missing("W6", "CNN 32×32×3, batch 32, Adam"),
  missing("W7", "LSTM 64→128, 32 steps, batch 32, Adam"),
  missing("W8", "GPT width 128, 4 layers, batch 8, Adam"),
  mlp("W9", "predict MLP 784-128-10, batch 1", { kind: "predict", batch: 1, rows: 256 }),
  missing("W9", "predict LeNet-5, batch 1"),
];

/** Uniform numbers in [0, 1) from a seed (mulberry32). */
function uniforms(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Writes the data (little-endian f32, labels i32) and the starting weights [in, out] of a task for the workers. */
export function writeTask(task: Task, folder: string): void {
  mkdirSync(folder, { recursive: true });
  const put = (name: string, values: Float32Array | Int32Array) => writeFileSync(join(folder, name), values);
  const uniform = uniforms(1);
  if (task.kind === "gemm") {
    const { m, k, n } = task;
    put(
      "a.f32",
      Float32Array.from({ length: m * k }, () => uniform() - 0.5),
    );
    put(
      "b.f32",
      Float32Array.from({ length: k * n }, () => uniform() - 0.5),
    );
    return;
  }
  const { sizes, rows } = task;
  const [inputs, classes] = [sizes[0]!, sizes.at(-1)!];
  if (task.loss === "mse") {
    put("x.f32", Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1));
    put("y.f32", Float32Array.of(0, 1, 1, 0));
  } else {
    // Noisy prototypes in [0, 1], half of whose pixels are dark, and one label in ten at random: learnable, but
    // not learnt by heart within a round.
    const prototypes = Float32Array.from({ length: classes * inputs }, () => Math.max(0, 2 * uniform() - 1));
    const x = new Float32Array(rows * inputs);
    const labels = new Int32Array(rows);
    for (let row = 0; row < rows; row++) {
      const of = Math.floor(uniform() * classes);
      labels[row] = uniform() < 0.1 ? Math.floor(uniform() * classes) : of;
      for (let i = 0; i < inputs; i++)
        x[row * inputs + i] = Math.max(0, 0.5 * prototypes[of * inputs + i]! + 0.7 * uniform() - 0.2);
    }
    put("x.f32", x);
    put("labels.i32", labels);
  }
  for (let layer = 0; layer + 1 < sizes.length; layer++) {
    const [from, to] = [sizes[layer]!, sizes[layer + 1]!];
    const bound = Math.sqrt(6 / (from + to));
    put(
      `w${layer}.f32`,
      Float32Array.from({ length: from * to }, () => bound * (2 * uniform() - 1)),
    );
  }
}
