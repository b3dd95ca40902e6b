// Latency over an empty handler, and memory over an empty Worker.
//
// Place: behind `npm run edge:latency` and `edge:memory`. Invariant: both Workers run at the same time on this machine and
// are asked in turns, so that drift meets both.

import { bytesOf } from "./edge-scenarios.ts";
import { TOKENS, Workerd } from "./workerd.ts";

const W2 = {
  input: [784],
  layers: [
    { op: "dense", units: 128, activation: "relu" },
    { op: "dense", units: 10 },
  ],
  batchSize: 1,
};

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;

export async function measureLatency(requests: number) {
  const empty = await new Workerd({ entry: "test/cloudflare/empty-worker.ts" }).start();
  const worker = await new Workerd().start();
  try {
    await worker.ask("PUT", "/models/w2", W2);
    const body = JSON.stringify({ x: [Array.from({ length: 784 }, (_, i) => (i * 7) % 256)] });
    const time = async (url: string) => {
      const begun = performance.now();
      const response = await fetch(url, {
        method: "POST",
        body,
        headers: { authorization: `Bearer ${TOKENS.predict}`, "content-type": "application/json" },
      });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`${url}: ${response.status}`);
      return performance.now() - begun;
    };
    const paths = {
      empty: `${empty.url}/`,
      cached: `${worker.url}/models/w2/predict?maxStale=60`,
      object: `${worker.url}/models/w2/predict`,
    };
    const times: Record<keyof typeof paths, number[]> = { empty: [], cached: [], object: [] };
    for (let i = 0; i < requests + 200; i++)
      for (const [name, url] of Object.entries(paths) as [keyof typeof paths, string][]) {
        const ms = await time(url);
        if (i >= 200) times[name].push(ms);
      }
    const begun = performance.now();
    await Promise.all(
      Array.from({ length: 16 }, async () => {
        for (let i = 0; i < requests / 16; i++) await time(paths.cached);
      }),
    );
    const perSecond = Math.round(requests / ((performance.now() - begun) / 1000));
    const [emptyMs, cachedMs, objectMs] = [median(times.empty), median(times.cached), median(times.object)];
    return {
      ...{ requests, emptyMs, cachedMs, objectMs, cachedPerSecond: perSecond },
      cachedRatio: cachedMs / emptyMs,
      objectRatio: objectMs / emptyMs,
    };
  } finally {
    await worker.close();
    await empty.close();
  }
}

/** A model of two million parameters with Adam: everything that is done with one, while its memory is watched. */
export async function measureMemory() {
  const empty = await new Workerd({ entry: "test/cloudflare/empty-worker.ts" }).start();
  const worker = await new Workerd({ vars: { EDGEGRAD_CPU_MS: "5000" } }).start();
  const phases: Record<string, number> = {};
  let phase = "start";
  const base = empty.residentBytes;
  const watch = () => {
    const now = (worker.residentBytes - base) / 1e6;
    // None while the process is being restarted.
    if (now > 0) phases[phase] = Math.max(phases[phase] ?? 0, now);
  };
  let timer: NodeJS.Timeout | undefined;
  const statuses: Record<string, number> = {};
  const during = async (name: string, act: () => Promise<{ status: number }>) => {
    phase = name;
    statuses[name] = (await act()).status;
    watch();
  };
  try {
    timer = setInterval(watch, 10);
    const layers = [
      { op: "dense", units: 1970, activation: "relu" },
      { op: "dense", units: 10 },
    ];
    const x = Array.from({ length: 8 }, (_, row) =>
      Array.from({ length: 1000 }, (_, i) => ((i * 7 + row) % 255) / 255),
    );
    const example = { x, y: [0, 1, 2, 3, 4, 5, 6, 7] };
    const post = (path: string, body: unknown) => worker.ask("POST", `/models/large${path}`, body);
    const file = (path: string) => worker.ask("GET", `/models/large${path}`);
    let parameters = 0;
    await during("create", async () => {
      const created = await worker.ask("PUT", "/models/large", {
        ...{ ...W2, input: [1000], layers, batchSize: 8, examples: { capacity: 64 }, snapshotEvery: 10 },
      });
      parameters = created.json?.plan?.parameters;
      return created;
    });
    if (statuses.create === 201) {
      for (let i = 0; i < 25; i++) await during("25 updates", () => post("/updates", example));
      await during("predict", () => post("/predict", { x }));
      await during("examples", () => post("/examples", example));
      await during("training", () => post("/training", { epochs: 20 }));
      for (let i = 0; i < 300; i++) {
        const { json } = await file("/training");
        if (json.state !== "running") break;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await during("keep version", () => post("/versions", {}));
      await during("update", () => post("/updates", example));
      const { current } = (await file("/versions")).json;
      await during("rollback", () => post("/rollback", { version: current - 1 }));
      await during("checkpoint", () => file("/checkpoint"));
      await during("weights", () => file("/weights"));
      for (let i = 0; i < 5; i++) await during("5 updates", () => post("/updates", example));
      const checkpoint = await bytesOf(worker, "/models/large/checkpoint");
      await worker.kill();
      await worker.restart();
      await during("restart, replay", () => post("/updates", example));
      await worker.ask("DELETE", "/models/large");
      await worker.kill();
      await worker.restart();
      const binary = { "content-type": "application/octet-stream" };
      await during("create from checkpoint", () => worker.ask("PUT", "/models/large", checkpoint, binary));
      await during("update of it", () => post("/updates", example));
    }
    const peakMB = statuses.create === 201 ? Math.max(...Object.values(phases)) : Number.POSITIVE_INFINITY;
    // A stateless Worker's copy is another model beside it: in the same process here, seldom when deployed.
    await during("beside a copy", () => post("/predict?maxStale=10", { x }));
    return { statuses, parameters, phases, peakMB };
  } finally {
    clearInterval(timer);
    await worker.close();
    await empty.close();
  }
}
