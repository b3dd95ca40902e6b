// Latency and cold start over an empty Worker.
//
// Place: behind `npm run edge:latency` and `edge:cold-start`. Invariant: both Workers are measured in turns on this machine,
// by one client with open connections, so that drift and the client meet both.

import { Agent, request } from "node:http";
import { TOKENS, Workerd } from "./workerd.ts";

const W2 = {
  input: [784],
  layers: [
    { op: "dense", units: 128, activation: "relu" },
    { op: "dense", units: 10 },
  ],
  batchSize: 1,
};
const body = JSON.stringify({ x: [Array.from({ length: 784 }, (_, i) => (i * 7) % 256)] });
const headers = {
  authorization: `Bearer ${TOKENS.predict}`,
  "content-type": "application/json",
  "content-length": String(body.length),
};

const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
const quantile = (values: readonly number[], q: number): number =>
  sorted(values)[Math.min(values.length - 1, Math.floor(values.length * q))]!;

function post(url: string, agent: Agent): Promise<number> {
  const begun = performance.now();
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: "POST", agent, headers }, (response) => {
      response.resume();
      response.on("end", () =>
        response.statusCode === 200
          ? resolve(performance.now() - begun)
          : reject(new Error(`${url}: ${response.statusCode}`)),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

const ROUNDS = 10;

export async function measureLatency(requests: number) {
  const empty = await new Workerd({ entry: "test/cloudflare/empty-worker.ts" }).start();
  // As it is deployed: the tests' own entry looks at every request first.
  const worker = await new Workerd({ entry: "src/cloudflare/worker.ts" }).start();
  try {
    await worker.ask("PUT", "/models/w2", W2);
    const urls = {
      empty: `${empty.url}/`,
      copy: `${worker.url}/models/w2/predict?maxStale=60`,
      object: `${worker.url}/models/w2/predict`,
    };
    type Kind = keyof typeof urls;
    const kinds = Object.keys(urls) as Kind[];
    const rows = [];
    for (const concurrency of [1, 8, 32]) {
      const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
      const times: Record<Kind, number[]> = { empty: [], copy: [], object: [] };
      const seconds: Record<Kind, number> = { empty: 0, copy: 0, object: 0 };
      const each = Math.ceil(requests / ROUNDS / concurrency);
      for (let round = -2; round < ROUNDS; round++)
        for (const kind of kinds) {
          const begun = performance.now();
          await Promise.all(
            Array.from({ length: concurrency }, async () => {
              for (let i = 0; i < each; i++) {
                const ms = await post(urls[kind], agent);
                // The first rounds warm up both.
                if (round >= 0) times[kind].push(ms);
              }
            }),
          );
          if (round >= 0) seconds[kind] += (performance.now() - begun) / 1000;
        }
      agent.destroy();
      const row = (kind: Kind) => ({
        medianMs: quantile(times[kind], 0.5),
        p99Ms: quantile(times[kind], 0.99),
        perSecond: Math.round(times[kind].length / seconds[kind]),
        ratio: quantile(times[kind], 0.5) / quantile(times.empty, 0.5),
      });
      rows.push({ concurrency, ...Object.fromEntries(kinds.map((kind) => [kind, row(kind)])) } as {
        concurrency: number;
      } & Record<Kind, ReturnType<typeof row>>);
    }
    return { requests, rows, worst: Math.max(...rows.map(({ copy }) => copy.ratio)) };
  } finally {
    await worker.close();
    await empty.close();
  }
}

/** From the start of the process to the first answer: a prediction by a model in storage, or the empty Worker's. */
export async function measureColdStart(starts: number) {
  const empty = await new Workerd({ entry: "test/cloudflare/empty-worker.ts" }).start();
  const worker = await new Workerd().start();
  const times = { empty: [] as number[], object: [] as number[], copy: [] as number[] };
  try {
    await worker.ask("PUT", "/models/w2", W2);
    const first = async (of: Workerd, path: string): Promise<number> => {
      await of.kill();
      const agent = new Agent({ keepAlive: true });
      const begun = performance.now();
      of.spawn();
      for (;;) {
        const done = await post(`${of.url}${path}`, agent).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== "ECONNREFUSED" && error.code !== "ECONNRESET") throw error;
          return undefined;
        });
        if (done !== undefined) break;
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      agent.destroy();
      return performance.now() - begun;
    };
    for (let i = -1; i < starts; i++) {
      const row = {
        empty: await first(empty, "/"),
        object: await first(worker, "/models/w2/predict"),
        copy: await first(worker, "/models/w2/predict?maxStale=60"),
      };
      if (i >= 0) for (const kind of ["empty", "object", "copy"] as const) times[kind].push(row[kind]);
    }
    const median = (kind: keyof typeof times) => quantile(times[kind], 0.5);
    const [emptyMs, objectMs, copyMs] = [median("empty"), median("object"), median("copy")];
    return { starts, emptyMs, objectMs, copyMs, objectOver: objectMs - emptyMs, copyOver: copyMs - emptyMs };
  } finally {
    await worker.close();
    await empty.close();
  }
}
