// The workloads W1–W9: shapes, data, starting weights and work per step, one table for every implementation.
//
// Place: read by main.ts; workers get the same values as JSON and raw files.
// Invariant: data and weights follow from the configuration alone, so that every implementation starts from the same
// numbers and its losses can be compared.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** [height, width, channels], the order of values in a row of data. */
export type ImageSize = readonly [number, number, number];

/** `weight` is the shape in the task's files, [in, out] and [height, width, in, out]; a bias of zeros goes with each. */
export interface DenseLayer {
  readonly op: "dense";
  readonly weight: readonly [number, number];
  readonly activation: "relu" | "tanh" | "sigmoid" | null;
  /** Present where the inputs are a flattened image. */
  readonly image?: ImageSize;
}

/** Stride 1; `pad` is the number of zeros on each side. */
export interface ConvLayer {
  readonly op: "conv";
  readonly weight: readonly [number, number, number, number];
  readonly pad: number;
  readonly activation: "relu";
  readonly to: ImageSize;
}

/** The largest of windows of size × size that do not overlap. */
export interface PoolLayer {
  readonly op: "pool";
  readonly size: number;
  readonly to: ImageSize;
}

export type LayerSpec = DenseLayer | ConvLayer | PoolLayer;

export interface NetworkTask {
  readonly kind: "train" | "predict";
  /** Shape of a row: [columns] or an image. */
  readonly input: readonly number[];
  readonly layers: readonly LayerSpec[];
  /** Values of a row, and of the network's output. */
  readonly inputs: number;
  readonly outputs: number;
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

export type Task = NetworkTask | GemmTask;

export interface Workload {
  readonly workload: string;
  readonly config: string;
  readonly task?: Task;
  /** Why there is no task: what edgegrad lacks for it. */
  readonly lacks?: string;
  readonly flops: number;
}

const product = (values: readonly number[]) => values.reduce((a, b) => a * b, 1);

// FLOPs: 2 per multiply-add; backward = dW + dX without the first layer's dX.
function networkFlops({ kind, layers, batch }: NetworkTask): number {
  const work = layers.map((layer) => {
    if (layer.op === "pool") return 0;
    return 2 * batch * product(layer.weight) * (layer.op === "conv" ? layer.to[0] * layer.to[1] : 1);
  });
  const forward = work.reduce((a, b) => a + b, 0);
  return kind === "predict" ? forward : 3 * forward - work[0]!;
}

const gemm = (m: number, k: number, n: number, form: "nn" | "tn" | "nt" = "nn"): Workload => ({
  workload: "W1",
  config: `GEMM ${m}×${k}×${n} ${form}`,
  task: { kind: "gemm", m, k, n, transA: form[0] === "t", transB: form[1] === "t" },
  flops: 2 * m * k * n,
});

type Settings = Partial<Omit<NetworkTask, "input" | "layers" | "inputs" | "outputs">>;

function network(
  workload: string,
  config: string,
  input: readonly number[],
  layers: readonly LayerSpec[],
  settings: Settings,
): Workload {
  const last = layers.at(-1)!;
  const task: NetworkTask = {
    kind: "train",
    ...{ input, layers, inputs: product(input), outputs: last.op === "dense" ? last.weight[1] : 0 },
    loss: "softmaxCrossEntropy",
    optimizer: "adam",
    learningRate: 1e-3,
    batch: 1,
    rows: 2048,
    learnSteps: 64,
    ...settings,
  };
  return { workload, config, task, flops: networkFlops(task) };
}

/** Dense layers of so many units, from the inputs to the output. */
function denseLayers(
  sizes: readonly number[],
  hidden: "relu" | "tanh",
  end: "sigmoid" | null,
  image?: ImageSize,
): DenseLayer[] {
  return sizes.slice(1).map((units, i) => ({
    op: "dense",
    weight: [sizes[i]!, units],
    activation: i + 2 < sizes.length ? hidden : end,
    ...(i === 0 && image && { image }),
  }));
}

const mlp = (workload: string, config: string, settings: Settings, sizes = [784, 128, 10]) =>
  network(workload, config, [sizes[0]!], denseLayers(sizes, "relu", null), settings);

/** Convolutions as [filters, kernel, pad] and pooling as "pool", then dense layers of so many units. */
function cnn(
  input: ImageSize,
  front: readonly (readonly [filters: number, kernel: number, pad: number] | "pool")[],
  units: readonly number[],
): LayerSpec[] {
  let from = input;
  const layers = front.map((part): LayerSpec => {
    const [height, width, channels] = from;
    if (part === "pool") {
      from = [height / 2, width / 2, channels];
      return { op: "pool", size: 2, to: from };
    }
    const [filters, kernel, pad] = part;
    const shrink = 2 * pad - kernel + 1;
    from = [height + shrink, width + shrink, filters];
    return { op: "conv", weight: [kernel, kernel, channels, filters], pad, activation: "relu", to: from };
  });
  return [...layers, ...denseLayers([product(from), ...units], "relu", null, from)];
}

const missing = (workload: string, config: string, lacks: string): Workload => ({
  ...{ workload, config, lacks, flops: Number.NaN },
});

const DIGIT: ImageSize = [28, 28, 1];
const LENET = cnn(DIGIT, [[6, 5, 0], "pool", [16, 5, 0], "pool"], [120, 84, 10]);
const COLOUR: ImageSize = [32, 32, 3];
const CNN = cnn(COLOUR, [[32, 3, 1], [32, 3, 1], "pool", [64, 3, 1], [64, 3, 1], "pool"], [256, 10]);

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
  mlp("W3", "batch 64, Adam", { batch: 64, rows: 512, learnSteps: 24 }, [784, 1024, 1024, 10]),
  network("W4", "XOR 2-4-1, batch 4, SGD", [2], denseLayers([2, 4, 1], "tanh", "sigmoid"), {
    ...{ loss: "mse", optimizer: "sgd", learningRate: 0.5, batch: 4, rows: 4, learnSteps: 2000 },
  }),
  network("W5", "LeNet-5, batch 64, Adam", DIGIT, LENET, { batch: 64, rows: 1024, learnSteps: 64 }),
  network("W6", "CNN 32×32×3, batch 32, Adam", COLOUR, CNN, { batch: 32, rows: 64, learnSteps: 10 }),
  missing("W7", "LSTM 64→128, 32 steps, batch 32, Adam", "edgegrad has no LSTM layer yet"),
  missing("W8", "GPT width 128, 4 layers, batch 8, Adam", "edgegrad has no attention layer yet"),
  mlp("W9", "predict MLP 784-128-10, batch 1", { kind: "predict", rows: 256 }),
  network("W9", "predict LeNet-5, batch 1", DIGIT, LENET, { kind: "predict", rows: 256 }),
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

/** Writes the data (little-endian f32, labels i32) and the starting weights of a task for the workers. */
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
  const { inputs, outputs: classes, layers, rows } = task;
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
  layers.forEach((layer, index) => {
    if (layer.op === "pool") return;
    const window = layer.op === "conv" ? layer.weight[0] * layer.weight[1] : 1;
    const [from, to] = layer.weight.slice(-2) as [number, number];
    const bound = Math.sqrt(6 / (window * (from + to)));
    put(
      `w${index}.f32`,
      Float32Array.from({ length: window * from * to }, () => bound * (2 * uniform() - 1)),
    );
  });
}
