// `npm run edge:restarts`, `edge:slices`, `edge:fuzz`, `edge:latency`, `edge:memory`, `edge:cold-start`,
// `edge:journal`: the figures of docs/worker.md.
//
// Place: run by scripts/run.mjs against a real workerd. Invariant: ends with 1 if what it promises does not hold.
//
//     edge.ts restarts [clients rounds restarts] | slices [rows epochs kills] | fuzz [requests] | latency [requests] | memory
//     | cold-start [starts] | journal [updates]

import { ROUTES } from "../../src/cloudflare/route-table.ts";
import { measureJournal, measureMemory } from "./edge-figures.ts";
import { fuzz } from "./edge-fuzz.ts";
import { measureColdStart, measureLatency } from "./edge-latency.ts";
import { trainingUnderKills, updatesUnderRestarts } from "./edge-scenarios.ts";
import { Workerd } from "./workerd.ts";

const [what, ...rest] = process.argv.slice(2);
const sizes = rest.map(Number);
const size = (index: number, fallback: number) => sizes[index] ?? fallback;

async function withWorker<T>(vars: Record<string, string>, act: (worker: Workerd) => Promise<T>): Promise<T> {
  const worker = await new Workerd({ vars }).start();
  try {
    return await act(worker);
  } finally {
    await worker.close();
  }
}

const begun = performance.now();
let holds = false;
let report: object = {};
if (what === "restarts") {
  const result = await withWorker({}, (worker) =>
    updatesUnderRestarts(worker, size(0, 100), size(1, 100), size(2, 200)),
  );
  report = result;
  const { lost, twice, acknowledged, aborts, kills } = result;
  const whole = acknowledged === size(0, 100) * size(1, 100) && aborts + kills === size(2, 200);
  const half = Math.abs(aborts - kills) <= 1;
  holds = whole && half && lost === 0 && twice === 0 && result.versionsMonotone && result.equalToNode;
} else if (what === "slices") {
  // The rate is halved by each death: the budget must leave room for that, since the test cuts the slices.
  const result = await withWorker({ EDGEGRAD_CPU_MS: "20000" }, (worker) =>
    trainingUnderKills(worker, size(0, 800), size(1, 100), size(2, 100)),
  );
  report = result;
  holds = result.equalToNode && result.deaths === size(2, 100);
} else if (what === "fuzz") {
  const result = await withWorker({}, (worker) => fuzz(worker, size(0, 20_000), size(1, 1)));
  report = result;
  holds = result.broken.length === 0 && result.routes === ROUTES.length;
} else if (what === "latency") {
  const result = await measureLatency(size(0, 20_000));
  report = result;
  // JSON of 784 numbers takes longer to read than the network to run: see docs/worker.md.
  holds = result.worstTyped <= 1.3;
} else if (what === "memory") {
  const result = await measureMemory();
  report = result;
  holds = result.peakMB <= 96;
} else if (what === "cold-start") {
  const result = await measureColdStart(size(0, 25));
  report = result;
  holds = result.objectOver <= 50 && result.copyOver <= 50;
} else if (what === "journal") {
  const result = await measureJournal(size(0, 500));
  report = result;
  // Pages of the database are the unit: a model 500 times as large must not be felt.
  holds = result.growth <= 1.1 && result.replayed <= result.snapshotEvery - 1;
} else {
  console.error("Usage: edge.ts restarts|slices|fuzz|latency|memory|cold-start|journal [sizes…]");
  process.exit(2);
}
console.log(
  JSON.stringify(
    { what, holds, seconds: Math.round((performance.now() - begun) / 1000), ...report },
    null,
    1,
  ),
);
process.exit(holds ? 0 : 1);
