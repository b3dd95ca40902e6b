// Latency over an empty handler, and memory over an empty Worker.
//
// Place: behind `npm run edge:latency` and `edge:memory`. Invariant: both Workers run at the same time on this machine and
// are asked in turns, so that drift meets both.

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

/** A model of two million parameters with Adam: created, updated, trained in slices, saved. */
export async function measureMemory() {
  const empty = await new Workerd({ entry: "test/cloudflare/empty-worker.ts" }).start();
  const worker = await new Workerd({ vars: { EDGEGRAD_CPU_MS: "5000" } }).start();
  try {
    const base = empty.residentBytes;
    let peak = 0;
    const timer = setInterval(() => {
      peak = Math.max(peak, worker.residentBytes);
    }, 10);
    const model = {
      ...W2,
      input: [1000],
      layers: [
        { op: "dense", units: 1970, activation: "relu" },
        { op: "dense", units: 10 },
      ],
    };
    const created = await worker.ask("PUT", "/models/large", {
      ...model,
      batchSize: 8,
      examples: { capacity: 64 },
    });
    const x = Array.from({ length: 8 }, (_, row) =>
      Array.from({ length: 1000 }, (_, i) => ((i * 7 + row) % 255) / 255),
    );
    const statuses = [created.status];
    if (created.status === 201) {
      const example = { x, y: [0, 1, 2, 3, 4, 5, 6, 7] };
      for (let i = 0; i < 10; i++)
        statuses.push((await worker.ask("POST", "/models/large/updates", example)).status);
      statuses.push((await worker.ask("POST", "/models/large/examples", example)).status);
      statuses.push((await worker.ask("POST", "/models/large/training", { epochs: 20 })).status);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      statuses.push((await worker.ask("GET", "/models/large/checkpoint")).status);
    }
    clearInterval(timer);
    const refused = created.status === 201 ? undefined : created.json.message;
    return {
      statuses,
      parameters: created.json?.plan?.parameters,
      refused,
      peakMB: refused ? Number.POSITIVE_INFINITY : (peak - base) / 1e6,
    };
  } finally {
    await worker.close();
    await empty.close();
  }
}
