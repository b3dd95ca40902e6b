/**
 * Roofline of the matrix and convolution kernels: GFLOP/s beside the register peak and the memory bandwidth of the same run.
 * Place: `npm run roofline -- [--variant simd|relaxed] [--rounds N] [--filter TEXT] [--json FILE]`.
 * Invariant: every candidate is timed in turn with the peak, in many short samples, and a share divides the same percentile of
 * both: a neighbour on the other hyperthread costs a kernel, which fills all issue slots, several times what it costs the peak.
 */
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { GEMM_SCRATCH_BYTES } from "../../src/abi-gemm.ts";
import { loadTestingCore } from "../../test/kernels/testing-wasm.ts";
import { type GemmCase, gemmCases } from "./cases.ts";
import { convCases, convFlops, convRecord } from "./conv.ts";

const SAMPLE_MS = 1;
// Of the samples' rates: high enough to find quiet moments, low enough not to hang on one sample.
const QUIET = 0.9;
const PAGES = 1024;

interface Result {
  name: string;
  gflops: number;
  /** In quiet moments. */
  shareOfPeak: number;
  /** The median rate over the median peak: with whatever else ran on the machine. */
  medianShare: number;
  target: number;
  reached: boolean;
}

const { values: options } = parseArgs({
  options: {
    variant: { type: "string", default: "simd" },
    rounds: { type: "string", default: "60" },
    filter: { type: "string", default: "" },
    json: { type: "string" },
  },
});
const variant = options.variant;
if (variant !== "simd" && variant !== "relaxed")
  throw new Error(`--variant: expected simd or relaxed, got ${variant}`);
const rounds = Number(options.rounds);
if (!(rounds >= 1)) throw new Error(`--rounds: expected a count, got ${options.rounds}`);

const core = await loadTestingCore(variant, PAGES);
const { gemm, peak, readAll, conv2d, conv2dInputGrad, conv2dWeightGrad } = core.exports as Record<
  "gemm" | "peak" | "readAll" | "conv2d" | "conv2dInputGrad" | "conv2dWeightGrad",
  (...args: number[]) => number
>;
const operandsAt = core.heapBase + Math.ceil(GEMM_SCRATCH_BYTES / 64) * 64;
new Float32Array(core.memory.buffer, core.heapBase).fill(0.5);

function caller({ m, n, k, transA, transB }: GemmCase): () => void {
  // Rows of lines between the matrices, so that their starts do not fall into one set of the cache.
  const a = operandsAt;
  const b = a + 4 * m * k + 64 * 5;
  const c = b + 4 * k * n + 64 * 9;
  const [lda, ldb] = [transA ? m : k, transB ? k : n];
  return () => gemm(c, a, b, m, n, k, lda, ldb, n, Number(transA), Number(transB), 0, core.heapBase);
}

function elapsedMs(run: () => void, repeats: number): number {
  const start = performance.now();
  for (let i = 0; i < repeats; i++) run();
  return performance.now() - start;
}

/** Repeats that fill a sample, found after the engine has tiered up. */
function calibrate(run: () => void): number {
  const until = performance.now() + 150;
  while (performance.now() < until) run();
  let repeats = 1;
  for (;;) {
    const ms = elapsedMs(run, repeats);
    if (ms >= SAMPLE_MS) return repeats;
    repeats = Math.ceil(repeats * Math.min(8, (1.2 * SAMPLE_MS) / Math.max(ms, 0.01)));
  }
}

function percentile(values: number[], part: number): number {
  const sorted = values.toSorted((x, y) => x - y);
  return sorted[Math.floor(part * sorted.length)] ?? Number.NaN;
}

const PEAK_STEPS = 20_000;
const peakFlops = PEAK_STEPS * 96;
const runPeak = () => void peak(PEAK_STEPS, 1e-3);
const peakRepeats = calibrate(runPeak);

/** One row: what it computes, and how to compute it once. */
interface Row {
  readonly name: string;
  readonly target: number;
  readonly flops: number;
  /** Operands may share memory with those of other rows, so they are set before every sample. */
  readonly prepare: () => () => void;
}

const convKernels = { forward: conv2d, inputGrad: conv2dInputGrad, weightGrad: conv2dWeightGrad };
const rows: Row[] = [
  ...gemmCases.map((shape) => ({
    ...{ name: shape.name, target: shape.target, flops: 2 * shape.m * shape.n * shape.k },
    prepare: () => caller(shape),
  })),
  ...convCases.map((shape) => ({
    ...{ name: shape.name, target: shape.target, flops: convFlops(shape) },
    prepare: () => {
      const record = convRecord(core.memory, operandsAt, shape);
      const kernel = convKernels[shape.kind];
      return () => void kernel(record);
    },
  })),
];
const timed = rows
  .filter(({ name }) => name.includes(options.filter))
  .map((row) => ({ row, repeats: calibrate(row.prepare()), rates: [] as number[], peaks: [] as number[] }));
for (let round = 0; round < rounds; round++) {
  for (const { row, repeats, rates, peaks } of timed) {
    const run = row.prepare();
    peaks.push((peakFlops * peakRepeats) / elapsedMs(runPeak, peakRepeats) / 1e6);
    // The rows before this one have left the caches full of their own operands.
    run();
    rates.push((row.flops * repeats) / elapsedMs(run, repeats) / 1e6);
  }
}

function bandwidth(bytes: number): number {
  const run = () => void readAll(core.heapBase, bytes);
  const repeats = calibrate(run);
  const rates = Array.from({ length: 30 }, () => (bytes * repeats) / elapsedMs(run, repeats) / 1e6);
  return percentile(rates, QUIET);
}

const results: Result[] = timed.map(({ row, rates, peaks }) => {
  const gflops = percentile(rates, QUIET);
  const shareOfPeak = gflops / percentile(peaks, QUIET);
  const medianShare = percentile(rates, 0.5) / percentile(peaks, 0.5);
  const { name, target } = row;
  return { name, gflops, shareOfPeak, medianShare, target, reached: shareOfPeak >= target };
});
const allPeaks = timed.flatMap(({ peaks }) => peaks);
const report = {
  variant,
  rounds,
  cpu: cpus()[0]?.model ?? "unknown",
  node: process.version,
  peakGflops: percentile(allPeaks, QUIET),
  readGBps: { l1: bandwidth(16 << 10), l2: bandwidth(400 << 10), memory: bandwidth(48 << 20) },
  results,
};

const { l1, l2, memory } = report.readGBps;
console.log(`${report.cpu}, Node ${report.node}, variant ${variant}`);
console.log(`register peak ${report.peakGflops.toFixed(1)} GFLOP/s`);
console.log(
  `read ${l1.toFixed(0)} GB/s at 16 KB, ${l2.toFixed(0)} at 400 KB, ${memory.toFixed(1)} at 48 MB\n`,
);
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
for (const { name, gflops, shareOfPeak, medianShare, target, reached } of results) {
  const share = percent(shareOfPeak).padStart(8);
  const goal = `${reached ? "≥" : "<"} ${100 * target} %`.padEnd(7);
  const rate = gflops.toFixed(1).padStart(6);
  console.log(`${name.padEnd(36)} ${rate} GFLOP/s ${share} of peak  ${goal} median ${percent(medianShare)}`);
}
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
