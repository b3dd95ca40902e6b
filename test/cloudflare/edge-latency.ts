// Latency and cold start over an empty Worker.
//
// Place: behind `npm run edge:latency` and `edge:cold-start`. Invariant: both Workers are measured in turns on this machine,
// by one client with open connections, so that drift and the client meet both. The client is undici: it takes half of what
// Node's own agent does, on a machine whose other core the server runs on.

import { Pool } from "undici";
import { bodyOf } from "../../src/client/rows.ts";
import { drawDigits } from "../../src/data/synthetic-digits.ts";
import { TOKENS, Workerd } from "./workerd.ts";

const W2 = {
  input: [784],
  layers: [
    { op: "dense", units: 128, activation: "relu" },
    { op: "dense", units: 10 },
  ],
  batchSize: 1,
};
/** A drawn digit on clean paper: as MNIST's, where 81 % of the pixels are 0. */
const digit = drawDigits({ count: 1, seed: 1 }).x.map((ink) => (ink < 24 ? 0 : ink));
const dense = Uint8Array.from({ length: 784 }, (_, i) => (i * 7) % 256);

/**
 * What is sent: the digit, as the client of `edgegrad/client` sends a typed array, and as
 * JSON; and a typed array without zeros, for which no weight can be left out.
 */
const FORMS = {
  typed: ["application/octet-stream", bodyOf({ x: Float32Array.from(digit) }) as Uint8Array],
  json: ["application/json", new TextEncoder().encode(JSON.stringify(bodyOf({ x: [[...digit]] })))],
  dense: ["application/octet-stream", bodyOf({ x: Float32Array.from(dense) }) as Uint8Array],
} as const;
type Form = keyof typeof FORMS;

const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
const quantile = (values: readonly number[], q: number): number =>
  sorted(values)[Math.min(values.length - 1, Math.floor(values.length * q))]!;
const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Open connections to a Worker. */
const connectTo = (worker: Workerd, connections: number): Pool => new Pool(worker.url, { connections });

/** @returns milliseconds until the answer was there */
async function post(pool: Pool, path: string, form: Form): Promise<number> {
  const [type, body] = FORMS[form];
  const headers = { authorization: `Bearer ${TOKENS.predict}`, "content-type": type };
  const begun = performance.now();
  const response = await pool.request({ path, method: "POST", headers, body });
  await response.body.dump();
  if (response.statusCode !== 200) throw new Error(`${path}: ${response.statusCode}`);
  return performance.now() - begun;
}

const ROUNDS = 15;
const KINDS = ["empty", "copy", "object"] as const;
type Kind = (typeof KINDS)[number];
/** A request of each kind. */
type Asks = Readonly<Record<Kind, (form: Form) => Promise<number>>>;

interface LatencyRow {
  readonly form: Form;
  readonly concurrency: number;
  readonly kind: Kind;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly perSecond: number;
  /** Times as long as the empty Worker takes for the same body: median of the rounds' ratios of medians. */
  readonly ratio: number;
}

/** Requests of each kind, in turns. */
export async function measureLatency(requests: number) {
  const empty = await new Workerd({ entry: "test/cloudflare/empty-worker.ts" }).start();
  // As it is deployed: the tests' own entry looks at every request first.
  const worker = await new Workerd({ entry: "src/cloudflare/worker.ts" }).start();
  try {
    await worker.ask("PUT", "/models/w2", W2);
    const rows: LatencyRow[] = [];
    for (const concurrency of [1, 8, 32]) {
      const [toEmpty, toWorker] = [connectTo(empty, concurrency), connectTo(worker, concurrency)];
      const asks: Asks = {
        empty: (form) => post(toEmpty, "/", form),
        copy: (form) => post(toWorker, "/models/w2/predict?maxStale=3600", form),
        object: (form) => post(toWorker, "/models/w2/predict", form),
      };
      const each = Math.ceil(requests / ROUNDS / concurrency);
      for (const form of ["typed", "json", "dense"] as const)
        rows.push(...(await measure(form, asks, concurrency, each)));
      await Promise.all([toEmpty.destroy(), toWorker.destroy()]);
    }
    const worst = (of: Form) =>
      Math.max(...rows.filter(({ form, kind }) => form === of && kind === "copy").map(({ ratio }) => ratio));
    return {
      ...{ requests, rows, zeros: digit.filter((pixel) => pixel === 0).length / digit.length },
      ...{ worstTyped: worst("typed"), worstJson: worst("json"), worstDense: worst("dense") },
    };
  } finally {
    await worker.close();
    await empty.close();
  }
}

async function measure(
  ...[form, asks, concurrency, each]: [Form, Asks, number, number]
): Promise<LatencyRow[]> {
  const rounds: Record<Kind, { times: number[]; seconds: number }[]> = { empty: [], copy: [], object: [] };
  for (let round = -2; round < ROUNDS; round++)
    for (const kind of KINDS) {
      const times: number[] = [];
      const begun = performance.now();
      await Promise.all(
        Array.from({ length: concurrency }, async () => {
          for (let i = 0; i < each; i++) times.push(await asks[kind](form));
        }),
      );
      // The first rounds warm up both.
      if (round >= 0) rounds[kind].push({ times, seconds: (performance.now() - begun) / 1000 });
    }
  return KINDS.map((kind) => {
    const times = rounds[kind].flatMap((round) => round.times);
    const seconds = rounds[kind].reduce((sum, round) => sum + round.seconds, 0);
    const ratios = rounds[kind].map((round, i) => median(round.times) / median(rounds.empty[i]!.times));
    const perSecond = Math.round(times.length / seconds);
    const ratio = median(ratios);
    return {
      form,
      concurrency,
      kind,
      medianMs: median(times),
      p99Ms: quantile(times, 0.99),
      perSecond,
      ratio,
    };
  });
}

/** Of a server that does not listen yet. */
const NOT_YET: ReadonlySet<string | undefined> = new Set(["ECONNREFUSED", "ECONNRESET", "UND_ERR_SOCKET"]);

/**
 * From the start of the process to the first answer: a prediction by a model in storage, or the empty Worker's. The first that may
 * come from a copy (`copy`) comes from the object.
 */
export async function measureColdStart(starts: number) {
  const empty = await new Workerd({ entry: "test/cloudflare/empty-worker.ts" }).start();
  const worker = await new Workerd().start();
  const times = { empty: [] as number[], object: [] as number[], copy: [] as number[] };
  try {
    await worker.ask("PUT", "/models/w2", W2);
    const first = async (of: Workerd, path: string): Promise<number> => {
      await of.kill();
      const pool = connectTo(of, 1);
      const begun = performance.now();
      of.spawn();
      for (;;) {
        const done = await post(pool, path, "json").catch((error: NodeJS.ErrnoException) => {
          if (!NOT_YET.has(error.code)) throw error;
          return undefined;
        });
        if (done !== undefined) break;
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      const ms = performance.now() - begun;
      await pool.destroy();
      return ms;
    };
    for (let i = -1; i < starts; i++) {
      const row = {
        empty: await first(empty, "/"),
        object: await first(worker, "/models/w2/predict"),
        copy: await first(worker, "/models/w2/predict?maxStale=60"),
      };
      if (i >= 0) for (const kind of ["empty", "object", "copy"] as const) times[kind].push(row[kind]);
    }
    // Of differences within a turn: a machine that grows slower meets both sides of each.
    const over = (kind: "object" | "copy") => median(times[kind].map((ms, i) => ms - times.empty[i]!));
    return {
      ...{ starts, emptyMs: median(times.empty), objectMs: median(times.object), copyMs: median(times.copy) },
      ...{ objectOver: over("object"), copyOver: over("copy") },
    };
  } finally {
    await worker.close();
    await empty.close();
  }
}
