// `npm run bench`: our workloads on edgegrad and on every peer in one run, in turn (A B A B …).
//
// Place: a developer's tool; a figure in docs/ or in a commit comes from here. Invariant: whatever happens to one
// implementation ends in a row that says so; what was measured before an interruption is kept.
//
//     npm run bench -- [--only=W2,W4] [--peers=jax-js,torch|all|none] [--variant simd|relaxed|both] [--rounds 7]
//                      [--ms 200] [--core N] [--json FILE] [--scaling] [--denormals] [--cold-start]

import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { testingWasmPath } from "../test/kernels/testing-wasm.ts";
import { measureColdStart } from "./cold-start.ts";
import { measureDenormals } from "./denormals.ts";
import { type Implementation, installPackages, OURS, obstacle, PEERS, pythonWithTorch } from "./peers.ts";
import { machine, markdown, median, pairedRatio, type Row, versions, writeJson } from "./report.ts";
import { measureScaling } from "./scaling.ts";
import { type Answer, canPin, endAll, Worker } from "./worker-process.ts";
import { WORKLOADS, type Workload, writeTask } from "./workloads.ts";

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    peers: { type: "string", default: "all" },
    variant: { type: "string", default: "both" },
    rounds: { type: "string", default: "7" },
    ms: { type: "string", default: "200" },
    core: { type: "string", default: String(cpus().length - 1) },
    json: { type: "string" },
    scaling: { type: "boolean", default: false },
    denormals: { type: "boolean", default: false },
    "cold-start": { type: "boolean", default: false },
  },
});

/** The entries of a comma-separated option, each of which must be known. */
function chosen(option: string, given: string, known: readonly string[]): string[] {
  const list = given.split(",").filter((entry) => entry !== "");
  for (const entry of list)
    if (!known.includes(entry)) fail(`--${option}: expected ${known.join(", ")}, got ${entry}`);
  return list;
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

function whole(option: "rounds" | "ms" | "core"): number {
  const value = Number(options[option]);
  if (!Number.isInteger(value) || value < (option === "core" ? 0 : 1))
    fail(`--${option}: expected a whole number, got ${options[option]}`);
  return value;
}

const [rounds, ms, core] = [whole("rounds"), whole("ms"), whole("core")];
const only = options.only ? chosen("only", options.only, [...new Set(WORKLOADS.map((w) => w.workload))]) : [];
const [variant] = chosen("variant", options.variant, ["simd", "relaxed", "both"]);
const peerIds = PEERS.map((peer) => peer.id);
const wanted =
  options.peers === "all" ? peerIds : options.peers === "none" ? [] : chosen("peers", options.peers, peerIds);
const ours = OURS.filter((entry) => variant === "both" || entry.variant === variant);
const peers = PEERS.filter((peer) => wanted.includes(peer.id));
const rows: Row[] = [];
const started = new Date().toISOString();
const SLOW_MS = 20_000;
const folder = mkdtempSync(join(tmpdir(), "edgegrad-bench-"));

/** One implementation in one configuration: its process and the medians of its rounds. */
interface Entrant {
  readonly impl: Implementation;
  readonly staged: boolean;
  readonly worker?: Worker;
  readonly times: number[];
  /** In its rounds. */
  spentMs: number;
  answer: Answer;
}

function keep(): void {
  if (options.json)
    writeJson(options.json, { machine: machine(), started, pinned: canPin, rounds, ms, rows });
}

function finish(status: number): never {
  endAll();
  rmSync(folder, { recursive: true, force: true });
  if (!options.scaling && !options.denormals && !options["cold-start"]) {
    console.log(`\n${machine()}${canPin ? `, pinned to core ${core}` : ""}; ${started}`);
    console.log(`${versions(rows)}\n\n${markdown(rows)}`);
  }
  keep();
  process.exit(status);
}

process.on("SIGINT", () => finish(130));
process.on("SIGTERM", () => finish(143));

async function enter(
  impl: Implementation,
  staged: boolean,
  { task }: Workload,
  python: string | undefined,
): Promise<Entrant> {
  const entrant = { impl, staged, times: [], spentMs: 0 };
  const reason = obstacle(impl, python);
  if (reason) return { ...entrant, answer: { missing: reason } };
  const program = impl.script.endsWith(".py") ? python! : process.execPath;
  const worker = new Worker(program, impl.script, impl.env ?? {}, canPin ? core : undefined);
  const answer = await worker.setup({ task, folder, options: { ...impl.options, staged } });
  return { ...entrant, worker, answer };
}

const runs = ({ answer }: Entrant) => answer.error === undefined && answer.missing === undefined;

/** What the numbers of an implementation say about it beside its time. */
function verdict({ answer, impl }: Entrant, reference: Entrant | undefined): string {
  const { losses } = answer;
  if (losses && !(losses[1] < 0.9 * losses[0])) return `does not learn: loss ${losses[0]} → ${losses[1]}`;
  // Where the starting weights are ours, so must be the first loss; the rest have their own.
  if (["brain.js", "synaptic", "convnetjs"].includes(impl.id)) return answer.note ?? "ok";
  for (const key of ["firstLoss", "output"] as const) {
    const [got, expected] = [answer[key], reference?.answer[key]];
    if (got !== undefined && expected !== undefined && !(Math.abs(got - expected) < 1e-3))
      return `computes something else: ${key} ${got}, edgegrad ${expected}`;
  }
  return "ok";
}

function rowsOf(workload: Workload, entrants: readonly Entrant[]): Row[] {
  const base = entrants.find((e) => e.impl.id === "edgegrad" && !e.staged && runs(e));
  return entrants.map((entrant) => {
    const { impl, staged, answer, times } = entrant;
    const also = staged && impl.staged === "also";
    const common = {
      workload: workload.workload,
      config: workload.config + (also ? ", staged" : ""),
      impl: impl.name,
      variant: impl.variant,
      version: answer.version ?? null,
      losses: answer.losses ?? null,
    };
    if (!runs(entrant) || times.length === 0) {
      const status = answer.missing ?? answer.error ?? "interrupted";
      return { ...common, medianMs: null, minMs: null, maxMs: null, gflops: null, ratio: null, status };
    }
    const medianMs = median(times);
    return {
      ...common,
      medianMs,
      minMs: Math.min(...times),
      maxMs: Math.max(...times),
      gflops: workload.flops / medianMs / 1e6,
      ratio: base ? pairedRatio(times, base.times) : null,
      status: verdict(entrant, base),
    };
  });
}

async function measure(workload: Workload, python: string | undefined): Promise<void> {
  const { task, lacks: status = "" } = workload;
  const done = rows.length;
  if (!task) {
    for (const { name, variant } of ours)
      rows.push({
        ...{
          workload: workload.workload,
          config: workload.config,
          impl: name,
          variant,
          status,
          version: null,
        },
        ...{ medianMs: null, minMs: null, maxMs: null, gflops: null, ratio: null, losses: null },
      });
    return keep();
  }
  writeTask(task, folder);
  if (task.kind === "gemm")
    for (const { variant } of ours) await testingWasmPath(variant as "simd" | "relaxed");
  process.stderr.write(`${workload.workload} ${workload.config}: `);
  const entrants: Entrant[] = [];
  for (const impl of [...ours, ...peers])
    for (const staged of [false, true]) {
      if (staged ? !impl.staged || task.kind !== "train" : impl.staged === "only") continue;
      entrants.push(await enter(impl, staged, workload, python));
    }
  for (let round = 0; round < rounds; round++) {
    for (const entrant of entrants) {
      // One that takes so long as this is not asked again: no clock drifts by what it lies behind.
      if (!entrant.worker || !runs(entrant) || entrant.spentMs > SLOW_MS) continue;
      const before = performance.now();
      const answer = await entrant.worker.round(ms);
      entrant.spentMs += performance.now() - before;
      if (answer.medianMs === undefined) entrant.answer = answer;
      else entrant.times.push(answer.medianMs);
    }
    process.stderr.write(".");
    rows.splice(done, Infinity, ...rowsOf(workload, entrants));
    keep();
  }
  process.stderr.write("\n");
  for (const { worker } of entrants) worker?.end();
}

if (options.scaling) {
  const table = await measureScaling(options.json);
  console.log(`${machine()}; ${started}\n\n${table}`);
} else if (options["cold-start"]) {
  // This Node, and the system's.
  const table = await measureColdStart(folder, rounds, [process.execPath, "/usr/bin/node"]);
  console.log(`${machine()}; ${started}\n\n${table}`);
} else if (options.denormals) {
  console.log(`${machine()}; ${started}\n\n${await measureDenormals()}`);
} else {
  installPackages(peers);
  const python = peers.some((peer) => peer.script.endsWith(".py")) ? pythonWithTorch() : undefined;
  for (const workload of WORKLOADS)
    if (only.length === 0 || only.includes(workload.workload)) await measure(workload, python);
}
finish(0);
