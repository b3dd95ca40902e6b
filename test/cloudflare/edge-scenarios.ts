// What must hold of the Worker under restarts, kills and hostile requests; sized by the caller.
//
// Place: edge.test.ts runs them small, `npm run edge:*` at the size of the issue. Invariant: each is judged against the same
// updates or steps made in this process, by fingerprint.

import { EpochOrder } from "../../src/cloudflare/epoch-order.ts";
import { PhiloxStream } from "../../src/data/philox.ts";
import { loadCore } from "../../src/platform/default.ts";
import type { Workerd } from "./workerd.ts";

/** Dropout makes the bits depend on each step's random counter too. */
export const NETWORK = {
  input: [8],
  layers: [
    { op: "dense", units: 16, activation: "relu" },
    { op: "dropout", rate: 0.2 },
    { op: "dense", units: 3 },
  ],
  loss: "softmaxCrossEntropy",
  optimizer: { name: "adam", options: { learningRate: 0.01 } },
  batchSize: 8,
  seed: 11,
} as const;

export interface Example {
  readonly x: number[][];
  readonly y: number[];
}

export function exampleOf(id: number, rows = 1): Example {
  const random = new PhiloxStream(5, id);
  const x = Array.from({ length: rows }, () => Array.from({ length: 8 }, () => Math.fround(random.bell())));
  return { x, y: x.map((row) => (row[0]! > 0.4 ? 2 : row[1]! > 0 ? 1 : 0)) };
}

export interface RestartReport {
  readonly acknowledged: number;
  readonly lost: number;
  readonly twice: number;
  readonly aborts: number;
  readonly kills: number;
  readonly versionsMonotone: boolean;
  readonly equalToNode: boolean;
  readonly predictions: number;
}

/** Clients that update and predict in turns while the object and the process are killed again and again. */
export async function updatesUnderRestarts(
  ...[worker, clients, rounds, restarts]: [Workerd, number, number, number]
): Promise<RestartReport> {
  await worker.ask("PUT", "/models/net", { ...NETWORK, snapshotEvery: 16 });
  const core = await loadCore();
  const start = core.resume(await bytesOf(worker, "/models/net/checkpoint"));
  const byVersion = new Map<number, number>();
  let [acknowledged, twice, predictions, finished] = [0, 0, 0, 0];
  let versionsMonotone = true;
  let paused: Promise<void> = Promise.resolve();
  const until = async (path: string, body: unknown, key?: string) => {
    for (;;) {
      await paused;
      try {
        const headers: Record<string, string> = key === undefined ? {} : { "idempotency-key": key };
        const { status, json, text } = await worker.ask("POST", path, body, headers);
        if (status === 200) return json as { version: number };
        if (status !== 503) throw new Error(`${path}: ${status} ${text}`);
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const client = async (number: number) => {
    let last = 0;
    for (let round = 0; round < rounds; round++) {
      const id = number * rounds + round;
      const { version } = await until("/models/net/updates", exampleOf(id), `update-${id}`);
      acknowledged++;
      if (byVersion.has(version)) twice++;
      byVersion.set(version, id);
      const seen = await until("/models/net/predict", { x: exampleOf(id).x });
      predictions++;
      if (version <= last || seen.version < version) versionsMonotone = false;
      last = Math.max(version, seen.version);
    }
    finished++;
  };
  const all = Promise.all(Array.from({ length: clients }, (_, i) => client(i)));
  let [done, aborts, kills] = [0, 0, 0];
  const total = clients * rounds;
  const killer = (async () => {
    while (done < restarts && finished < clients) {
      // Spread over the whole run.
      while (acknowledged < (total * (done + 0.5)) / restarts && finished < clients)
        await new Promise((resolve) => setTimeout(resolve, 1));
      if (done % 2 === 0) {
        await fetch(`${worker.url}/test/abort/net`);
        aborts++;
      } else {
        await worker.kill();
        kills++;
        paused = worker.restart();
        await paused;
      }
      done++;
    }
  })();
  await Promise.all([all, killer]);
  const { json: model } = await worker.ask("GET", "/models/net");
  const versions = [...byVersion.keys()].sort((a, b) => a - b);
  for (const version of versions) {
    const { x, y } = exampleOf(byVersion.get(version)!);
    start.step(x.flat(), y);
  }
  return {
    ...{ acknowledged, twice, predictions, aborts, kills, versionsMonotone },
    lost: total - byVersion.size + (model.version - 1 - total),
    equalToNode: model.fingerprint === start.fingerprint() && model.step === start.steps,
  };
}

export interface SliceReport {
  readonly steps: number;
  readonly slices: number;
  /** Slices that left a marker without an end, as the run counted them. */
  readonly deaths: number;
  /** Those of them that SIGKILL took, and those that ctx.abort() did. */
  readonly killed: number;
  readonly aborted: number;
  readonly equalToNode: boolean;
}

/**
 * A run cut into slices at random, of which some die at a random step or just before their commit; judged by the same
 * steps in one piece. Every other death is a SIGKILL of the process in the middle of the slice.
 */
export async function trainingUnderKills(
  ...[worker, rows, epochs, kills]: [Workerd, number, number, number]
): Promise<SliceReport> {
  await worker.ask("PUT", "/models/run", { ...NETWORK, examples: { capacity: rows } });
  const data = exampleOf(1_000_000, rows);
  for (let from = 0; from < rows; from += 500)
    await worker.ask("POST", "/models/run/examples", {
      x: data.x.slice(from, from + 500),
      y: data.y.slice(from, from + 500),
    });
  const core = await loadCore();
  const trainer = core.resume(await bytesOf(worker, "/models/run/checkpoint"));
  const { batchSize, seed } = NETWORK;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = new EpochOrder(rows, seed, epoch);
    for (let from = 0; from < rows; from += batchSize) {
      const slots = Array.from({ length: Math.min(batchSize, rows - from) }, (_, i) => order.rowAt(from + i));
      trainer.step(
        slots.flatMap((slot) => data.x[slot]!),
        slots.map((slot) => data.y[slot]!),
      );
    }
  }
  const cut = () =>
    fetch(`${worker.url}/test/cut/${Math.ceil((2 * epochs * rows) / batchSize / (3 * kills))}`);
  if (kills > 0) await cut();
  await worker.ask("POST", "/models/run/training", { epochs });
  let [killed, aborted, slicesBefore, seen] = [0, 0, 0, 0];
  for (;;) {
    const { json: run } = await worker.ask("GET", "/models/run/training").catch(() => ({ json: undefined }));
    if (run !== undefined && run.state !== "running") {
      const { json: model } = await worker.ask("GET", "/models/run");
      const equalToNode = run.state === "done" && model.fingerprint === trainer.fingerprint();
      return { steps: run.steps, slices: run.slices, deaths: run.allDeaths, killed, aborted, equalToNode };
    }
    // A slice that ends between two deaths: twelve in a row would end the run.
    if (run !== undefined && run.slices > slicesBefore && killed + aborted < kills) {
      const how = killed > aborted ? "abort" : "hang";
      // It may hang before it has answered.
      void fetch(`${worker.url}/test/die/${how}`).catch(() => {});
      await worker.printed("a slice dies now", ++seen);
      if (how === "abort") aborted++;
      else {
        killed++;
        await worker.kill();
        await worker.restart();
        await cut();
      }
      slicesBefore = run.slices;
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export async function bytesOf(worker: Workerd, path: string): Promise<Uint8Array> {
  const { TOKENS } = await import("./workerd.ts");
  const response = await fetch(`${worker.url}${path}`, {
    headers: { authorization: `Bearer ${TOKENS.admin}` },
  });
  return new Uint8Array(await response.arrayBuffer());
}
