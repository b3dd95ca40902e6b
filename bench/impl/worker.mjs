// The worker's half of the benchmark: reads the task, checks that it learns, and times rounds on command.
//
// Place: imported by each implementation in this folder, which gives `create(task, data)`.
// Invariant: answers stand on lines that begin with "@@"; whatever else a peer prints is ignored.
//
// create returns an object with
//   init()        puts weights and optimizer state back to the start
//   step()        one step (or prediction, or product); returns its loss or a first output; may be a promise
//   run(steps)    instead of step: at least so many steps back to back; returns { steps, loss }
//   loss()        beside run, where its loss is a mean over many steps: the loss of the whole data set
//   version       of the implementation
//   note          beside version, where it does not do quite what was asked

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

const SAMPLE_MS = 0.4;
const WARM_MS = 400;
// Beyond this many milliseconds a slow implementation is not asked for more warm steps and samples than one.
const PATIENCE_MS = 10_000;

const now = () => performance.now();

function floats(folder, name) {
  const bytes = readFileSync(join(folder, name));
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

function readData(task, folder) {
  if (task.kind === "gemm") return { a: floats(folder, "a.f32"), b: floats(folder, "b.f32") };
  const x = floats(folder, "x.f32");
  const weights = task.layers.map(({ op }, i) => (op === "pool" ? undefined : floats(folder, `w${i}.f32`)));
  if (task.loss === "mse") return { x, y: floats(folder, "y.f32"), weights };
  const bytes = readFileSync(join(folder, "labels.i32"));
  const labels = new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  return { x, labels, weights };
}

/** Images [rows, height, width, channels] with the channels first, for peers that lie so. */
export function channelsFirst(x, [height, width, channels]) {
  const [pixels, out] = [height * width, new Float32Array(x.length)];
  for (let row = 0; row < x.length; row += pixels * channels)
    for (let at = 0; at < pixels; at++)
      for (let c = 0; c < channels; c++) out[row + c * pixels + at] = x[row + at * channels + c];
  return out;
}

/** A convolution's weight as [out, in, height, width]. */
export function filtersFirst(weight, [height, width, channels, filters]) {
  const [pixels, out] = [height * width, new Float32Array(weight.length)];
  for (let at = 0; at < pixels; at++)
    for (let c = 0; c < channels; c++)
      for (let f = 0; f < filters; f++)
        out[(f * channels + c) * pixels + at] = weight[(at * channels + c) * filters + f];
  return out;
}

/** A dense weight [in, out] whose inputs are an image: its rows in the order of an image with the channels first. */
export function rowsChannelsFirst(weight, [, units], image) {
  if (!image) return weight;
  const [height, width, channels] = image;
  const [pixels, out] = [height * width, new Float32Array(weight.length)];
  for (let at = 0; at < pixels; at++)
    for (let c = 0; c < channels; c++) {
      const from = (at * channels + c) * units;
      out.set(weight.subarray(from, from + units), (c * pixels + at) * units);
    }
  return out;
}

/** One-hot rows of labels, for peers that take no integers. */
export function oneHot(labels, classes) {
  const rows = new Float32Array(labels.length * classes);
  labels.forEach((label, row) => {
    rows[row * classes + label] = 1;
  });
  return rows;
}

/** Start and end row of each batch of the data set. */
export function batches({ batch, rows }) {
  return Array.from({ length: Math.floor(rows / batch) }, (_, i) => [i * batch, (i + 1) * batch]);
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

let work;
let task;
let perSample = 1;

/** Runs `steps` steps and returns how many it really were. */
async function advance(steps) {
  if (work.run) return (await work.run(steps)).steps;
  if (work.isAsync) for (let i = 0; i < steps; i++) await work.step();
  else for (let i = 0; i < steps; i++) work.step();
  return steps;
}

/** Mean loss of the first and of the last cycle through the data, and that of the very first step if it is known. */
async function learn() {
  const cycle = Math.max(1, Math.min(task.rows / task.batch, task.learnSteps >> 2));
  if (work.loss) {
    const first = await work.loss();
    await work.run(task.learnSteps);
    return [first, await work.loss()];
  }
  if (work.run) {
    const first = await work.run(1);
    let last = first;
    for (let done = first.steps; done < task.learnSteps; done += last.steps)
      last = await work.run(task.learnSteps - done);
    return [first.loss, last.loss];
  }
  const losses = [];
  for (let i = 0; i < task.learnSteps; i++) losses.push(await work.step());
  const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
  return [mean(losses.slice(0, cycle)), mean(losses.slice(-cycle)), losses[0]];
}

async function setup(create, request) {
  task = request.task;
  work = await create(task, readData(task, request.folder), request.options ?? {});
  if (work.missing) return { missing: work.missing };
  await work.init();
  const report = { version: work.version, note: work.note };
  if (task.kind === "train") {
    const [first, last, very] = await learn();
    report.losses = [first, last];
    if (very !== undefined) report.firstLoss = very;
  } else report.output = await work.step();
  // Warm up by the clock, then find how many steps fill a sample.
  const until = now() + WARM_MS;
  let steps = 0;
  while (now() < until || (steps < 3 && now() < until + PATIENCE_MS)) steps += await advance(1);
  for (;;) {
    const start = now();
    const done = await advance(perSample);
    const elapsed = now() - start;
    if (elapsed >= SAMPLE_MS || done > perSample) break;
    perSample = Math.ceil(perSample * Math.min(8, (1.2 * SAMPLE_MS) / Math.max(elapsed, 0.01)));
  }
  return report;
}

async function round({ ms }) {
  await work.init();
  const warm = now() + ms / 8;
  do await advance(perSample);
  while (now() < warm);
  const samples = [];
  const until = now() + ms;
  do {
    const start = now();
    const steps = await advance(perSample);
    samples.push((now() - start) / steps);
  } while (now() < until || (samples.length < 3 && now() < until + PATIENCE_MS));
  return { medianMs: median(samples), minMs: Math.min(...samples), samples: samples.length };
}

/** Answers the parent until it closes the pipe. */
export async function serve(create) {
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    let answer;
    try {
      if (request.command === "setup") answer = await setup(create, request);
      else answer = await round(request);
    } catch (error) {
      answer = { error: String(error?.message ?? error).slice(0, 300) };
    }
    process.stdout.write(`@@${JSON.stringify(answer)}\n`);
  }
  process.exit(0);
}
