// Growth of edgegrad's own costs: time a step against width, depth, batch and data size, compile time against nodes.
//
// Place: `npm run bench -- --scaling`. Invariant: each series varies one size; its exponent is the slope of a straight
// line through log(time) over log(size), so 1 is linear, and the worst neighbouring slope shows a cliff.

import { adam, type Core, dense, loadCore, sequential, softmaxCrossEntropy, type Trainer } from "edgegrad";
import { median, writeJson } from "./report.ts";

interface Point {
  readonly size: number;
  readonly ms: number;
}

interface Series {
  readonly name: string;
  readonly unit: string;
  readonly points: readonly Point[];
  readonly exponent: number;
  /** Steepest slope between neighbours. */
  readonly steepest: number;
}

const INPUTS = 256;
const CLASSES = 10;
const PASSES = 4;

function network(core: Core, width: number, depth: number, batchSize: number): Trainer {
  const hidden = Array.from({ length: depth }, () => dense(width, { activation: "relu" }));
  return core.trainer(sequential([INPUTS], [...hidden, dense(CLASSES)]), {
    ...{ loss: softmaxCrossEntropy(), optimizer: adam({ learningRate: 1e-4 }), batchSize },
  });
}

function data(rows: number): { x: Float32Array; y: Int32Array } {
  const x = Float32Array.from({ length: rows * INPUTS }, (_, i) => ((i * 2654435761) % 1009) / 1009);
  return { x, y: Int32Array.from({ length: rows }, (_, i) => (i * 7) % CLASSES) };
}

/** Median time of a call, over samples that each last some milliseconds, after a warm-up. */
function timeOf(call: () => void, forMs = 120): number {
  const warm = performance.now() + forMs / 3;
  let calls = 0;
  const begin = performance.now();
  do {
    call();
    calls++;
  } while (performance.now() < warm);
  const perSample = Math.max(1, Math.round((3 * calls) / (performance.now() - begin)));
  const samples: number[] = [];
  const until = performance.now() + forMs;
  do {
    const start = performance.now();
    for (let i = 0; i < perSample; i++) call();
    samples.push((performance.now() - start) / perSample);
  } while (performance.now() < until || samples.length < 5);
  return median(samples);
}

function stepTime(core: Core, width: number, depth: number, batch: number): number {
  using trainer = network(core, width, depth, batch);
  const { x, y } = data(batch);
  return timeOf(() => void trainer.step(x, y));
}

/** Time per row of an epoch over `rows` rows, which must not grow with them. */
async function rowTime(core: Core, rows: number): Promise<number> {
  using trainer = network(core, 32, 1, 32);
  const set = data(rows);
  const samples: number[] = [];
  const until = performance.now() + 300;
  for (let epochs = 1; samples.length < 4 || performance.now() < until; epochs++) {
    const start = performance.now();
    await trainer.fit(set, { epochs });
    samples.push((performance.now() - start) / rows);
  }
  return median(samples.slice(1));
}

function fit(name: string, unit: string, points: readonly Point[]): Series {
  const logs = points.map(({ size, ms }) => [Math.log(size), Math.log(ms)] as const);
  const mean = (at: 0 | 1) => logs.reduce((sum, point) => sum + point[at], 0) / logs.length;
  const [mx, my] = [mean(0), mean(1)];
  const top = logs.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0);
  const bottom = logs.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
  const slopes = logs.slice(1).map(([x, y], i) => (y - logs[i]![1]) / (x - logs[i]![0]));
  return { name, unit, points, exponent: top / bottom, steepest: Math.max(...slopes) };
}

/** Measures all series, one after the other, and gives them as a Markdown table. */
export async function measureScaling(json: string | undefined): Promise<string> {
  const core = await loadCore();
  const all: Series[] = [];
  const add = (series: Series) => {
    all.push(series);
    if (json) writeJson(json, all);
    process.stderr.write(`${series.name}: ${series.exponent.toFixed(2)}\n`);
  };
  // Passes over all sizes in turn, the least of each: another process slows some passes, none makes one faster.
  const over = (sizes: readonly number[], time: (size: number) => number): Point[] => {
    const points = sizes.map((size) => ({ size, ms: Number.POSITIVE_INFINITY }));
    for (let pass = 0; pass < PASSES; pass++)
      for (const point of points) point.ms = Math.min(point.ms, time(point.size));
    return points;
  };
  add(
    fit(
      "step, width of 3 hidden layers (batch 32)",
      "units",
      over([32, 64, 128, 256, 512, 1024], (width) => stepTime(core, width, 3, 32)),
    ),
  );
  add(
    fit(
      "step, hidden layers of 128 (batch 32)",
      "layers",
      over([2, 4, 8, 16, 32, 64], (depth) => stepTime(core, 128, depth, 32)),
    ),
  );
  add(
    fit(
      "step, batch (2 × 128)",
      "rows",
      over([1, 2, 4, 8, 16, 32, 64, 128, 256, 512], (batch) => stepTime(core, 128, 2, batch)),
    ),
  );
  const perRow = [1024, 4096, 16384, 65536].map((size) => ({ size, ms: Number.POSITIVE_INFINITY }));
  for (let pass = 0; pass < PASSES; pass++)
    for (const point of perRow) point.ms = Math.min(point.ms, await rowTime(core, point.size));
  add(fit("fit, time per row, data size", "rows", perRow));
  add(
    fit(
      "compile, hidden layers of 8",
      "layers",
      over([4, 8, 16, 32, 64, 128, 256], (depth) => timeOf(() => network(core, 8, depth, 4).dispose())),
    ),
  );
  const cells = (points: readonly Point[]) =>
    points.map(({ size, ms }) => `${size}: ${Number(ms.toPrecision(3))}`).join(", ");
  return [
    "| series | ms at size | exponent | steepest |",
    "| --- | --- | ---: | ---: |",
    ...all.map(
      ({ name, points, exponent, steepest }) =>
        `| ${name} | ${cells(points)} | ${exponent.toFixed(2)} | ${steepest.toFixed(2)} |`,
    ),
  ].join("\n");
}
