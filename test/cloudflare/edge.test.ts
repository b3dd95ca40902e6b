// The Worker in a real workerd: what it answers, what survives, what is refused.
//
// `npm run edge:*` runs the same scenarios at full size.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EdgegradClient } from "../../src/client/index.ts";
import { bodyOf } from "../../src/client/rows.ts";
import { EpochOrder } from "../../src/cloudflare/epoch-order.ts";
import { ROUTES } from "../../src/cloudflare/route-table.ts";
import { loadCore } from "../../src/platform/default.ts";
import { fuzz } from "./edge-fuzz.ts";
import { bytesOf, exampleOf, NETWORK, trainingUnderKills, updatesUnderRestarts } from "./edge-scenarios.ts";
import { TOKENS, Workerd } from "./workerd.ts";

const worker = new Workerd({
  vars: { EDGEGRAD_MAX_MODELS: "12", EDGEGRAD_CORS_ORIGINS: "https://a.example" },
});
beforeAll(() => worker.start());
afterAll(() => worker.close());

const client = () => new EdgegradClient({ url: worker.url, token: TOKENS.admin });

test("each epoch's order is a permutation, another one for each epoch and seed", () => {
  for (const rows of [1, 2, 3, 4, 5, 17, 64, 1000]) {
    const order = new EpochOrder(rows, 1, 0);
    const seen = Array.from({ length: rows }, (_, i) => order.rowAt(i));
    expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, i) => i));
  }
  const of = (seed: number, epoch: number) => {
    const order = new EpochOrder(1000, seed, epoch);
    return Array.from({ length: 1000 }, (_, i) => order.rowAt(i)).join();
  };
  expect(new Set([of(1, 0), of(1, 1), of(2, 0)]).size).toBe(3);
});

test("100 updates and predictions under restarts: each applied once, bits as in Node", async () => {
  const report = await updatesUnderRestarts(worker, 5, 20, 6);
  expect(report).toMatchObject({
    ...{
      acknowledged: 100,
      lost: 0,
      twice: 0,
      aborts: 3,
      kills: 3,
      versionsMonotone: true,
      equalToNode: true,
    },
  });
});

test("a run whose slices die ends with the bits of the uninterrupted one", async () => {
  const small = await new Workerd({ vars: { EDGEGRAD_CPU_MS: "1000" } }).start();
  try {
    const report = await trainingUnderKills(small, 200, 20, 6);
    expect(report).toMatchObject({ steps: 500, deaths: 6, killed: 3, aborted: 3, equalToNode: true });
  } finally {
    await small.close();
  }
});

test("with a clock that stands still runs are cut, end, and give the same bits", async () => {
  const frozen = await new Workerd({ vars: { EDGEGRAD_CPU_MS: "3" } }).start();
  try {
    await fetch(`${frozen.url}/test/freeze`);
    const report = await trainingUnderKills(frozen, 200, 20, 0);
    expect(report).toMatchObject({ steps: 500, deaths: 0, equalToNode: true });
    expect(report.slices).toBeGreaterThan(20);
    const { json: before } = await frozen.ask("GET", "/models/run");
    const update = await frozen.ask("POST", "/models/run/updates", exampleOf(1));
    expect(update.json.version).toBe(before.version + 1);
    const copy = (maxStale: number) =>
      frozen.ask("POST", `/models/run/predict?maxStale=${maxStale}`, { x: exampleOf(2).x });
    const copied = await frozen.untilCopied("run", () => copy(5));
    expect(copied.json.version).toBe(update.json.version);
    expect((await copy(5)).json.y).toEqual((await copy(0)).json.y);
  } finally {
    await frozen.close();
  }
});

test("random hostile requests change nothing and are refused with a code", async () => {
  const other = await new Workerd().start();
  try {
    const { broken, statuses } = await fuzz(other, 500, 3);
    expect(broken).toEqual([]);
    expect(Object.keys(statuses).length).toBeGreaterThan(5);
  } finally {
    await other.close();
  }
});

describe("a model", () => {
  test("is made from a checkpoint and goes on bit for bit; the client repeats nothing twice", async () => {
    const core = await loadCore();
    const first = client().model("origin");
    await first.create(NETWORK);
    const trainer = core.resume(await first.checkpoint());
    const step = (id: number) => trainer.step(exampleOf(id).x.flat(), exampleOf(id).y);
    for (let id = 0; id < 5; id++) step(id);
    const moved = client().model("moved");
    const created = await moved.create(trainer.saveCheckpoint());
    expect(created.fingerprint).toBe(trainer.fingerprint());
    const answer = await moved.update(exampleOf(5), "only-once");
    expect(answer.report.loss).toBe(step(5).loss);
    expect(await moved.update(exampleOf(5), "only-once")).toEqual(answer);
    expect((await moved.inspect()).fingerprint).toBe(trainer.fingerprint());
  });

  test("takes examples as JSON, NDJSON and typed arrays, within its bound", async () => {
    await worker.ask("PUT", "/models/store", { ...NETWORK, examples: { capacity: 5, policy: "window" } });
    const rows = exampleOf(1, 3);
    await worker.ask("POST", "/models/store/examples", rows);
    const lines = rows.x.map((x, i) => JSON.stringify({ x, y: rows.y[i] })).join("\n");
    const ndjson = await worker.ask("POST", "/models/store/examples", lines, {
      "content-type": "application/x-ndjson",
    });
    expect(ndjson.json).toMatchObject({ appended: 3, seen: 6, count: 5 });
    const bad = await worker.ask("POST", "/models/store/examples", `${lines}\n{"x":[1],"y":0}`, {
      "content-type": "application/x-ndjson",
    });
    expect(bad.status).toBe(422);
    expect((await worker.ask("GET", "/models/store/examples")).json.seen).toBe(6);
  });

  test("keeps versions and goes back to one", async () => {
    const model = client().model("kept");
    await model.create(NETWORK);
    await model.update(exampleOf(1));
    const kept = await model.keepVersion("before");
    const before = await model.inspect();
    expect(kept).toMatchObject({ version: 2, label: "before", fingerprint: before.fingerprint });
    for (let id = 2; id < 6; id++) await model.update(exampleOf(id));
    expect((await model.inspect()).fingerprint).not.toBe(before.fingerprint);
    const { version } = await model.rollback(2);
    expect(version).toBe(7);
    await worker.kill();
    await worker.restart();
    expect(await model.inspect()).toMatchObject({ version: 7, fingerprint: before.fingerprint, step: 1 });
    const file = await model.modelFile();
    await model.update(exampleOf(9));
    await model.importWeights(file);
    expect((await model.inspect()).fingerprint).toBe(before.fingerprint);
  });

  test("answers from a copy no older than asked", async () => {
    const model = client().model("copied");
    await model.create(NETWORK);
    const input = { x: exampleOf(1).x };
    const copied = await worker.untilCopied("copied", () => model.predict(input, 3600));
    expect(copied.version).toBe(1);
    expect(await model.predict(input, 3600)).toEqual(await model.predict(input));
    await model.update(exampleOf(1));
    expect((await model.predict(input, 3600)).version).toBe(1);
    expect(await model.predict(input, 0)).toEqual(await model.predict(input));
  });

  test("predicts without what training takes, with the bits of its trainer", async () => {
    const model = client().model("idle");
    await model.create(NETWORK);
    await model.update(exampleOf(1));
    await model.keepVersion();
    const input = { x: exampleOf(2, 3).x };
    const byTrainer = await model.predict(input);
    await worker.kill();
    await worker.restart();
    // Nothing is journalled: nothing but the weights is loaded.
    expect(await model.predict(input)).toEqual(byTrainer);
    const { fingerprint } = await model.inspect();
    expect(await model.predict(input)).toEqual(byTrainer);
    // The inspection's fingerprint is a trainer's: the second load, so the first was none.
    expect(await client().metrics()).toContain('edgegrad_loads_total{model="idle"} 2\n');
    await model.update(exampleOf(3));
    expect((await model.inspect()).fingerprint).not.toBe(fingerprint);
    const journalled = await model.predict(input);
    await worker.kill();
    await worker.restart();
    expect(await model.predict(input)).toEqual(journalled);
  });

  test("takes typed arrays from the client as it takes plain ones", async () => {
    const model = client().model("typed");
    await model.create({ ...NETWORK, examples: { capacity: 10 } });
    const { x, y } = exampleOf(4, 3);
    const typed = { x: Float32Array.from(x.flat()), y: Uint8Array.from(y) };
    const plain = await model.predict({ x });
    for (const same of [typed.x, new Float64Array(typed.x), x.map((row) => Float32Array.from(row))])
      expect(await model.predict({ x: same })).toEqual(plain);
    expect(await model.predict({ x: typed.x }, 60)).toEqual(plain);
    const twin = client().model("twin");
    await twin.create(NETWORK);
    const answer = await model.update(typed);
    expect(answer).toEqual(await twin.update({ x, y }));
    expect(await model.append({ ...typed, sampleWeights: [1, 2, 1] })).toMatchObject({ count: 3 });
    const ragged = model.predict({ x: [new Float32Array(8), new Float32Array(7)] });
    await expect(ragged).rejects.toThrow(/rows have 8/);
  });

  test("reports its run as events, pauses and goes on", async () => {
    const slow = await new Workerd({ vars: { EDGEGRAD_CPU_MS: "3" } }).start();
    try {
      const model = new EdgegradClient({ url: slow.url, token: TOKENS.train }).model("run");
      const admin = new EdgegradClient({ url: slow.url, token: TOKENS.admin }).model("run");
      await admin.create(NETWORK);
      await model.append(exampleOf(1, 400));
      await model.train({ epochs: 20 });
      const paused = await model.changeTraining("pause");
      expect(paused.state).toBe("paused");
      await model.changeTraining("resume");
      const states: string[] = [];
      for await (const { state } of model.progress()) states.push(state);
      expect(new Set(states)).toEqual(new Set(["running", "done"]));
      expect(await model.training()).toMatchObject({ state: "done", steps: 1000, epoch: 20 });
    } finally {
      await slow.close();
    }
  });
});

describe("access", () => {
  const cases: readonly [string, string, string, string | undefined, number, string][] = [
    ["no token", "GET", "/models/kept", undefined, 401, "auth/missing"],
    ["an unknown token", "GET", "/models/kept", "wrong-token-0123456789", 401, "auth/unknown"],
    ["too little scope", "POST", "/models/kept/updates", TOKENS.predict, 403, "auth/scope"],
    ["another model's token", "POST", "/models/kept/predict", TOKENS.single, 403, "auth/model"],
    ["a single model's token for all", "GET", "/models", TOKENS.single, 403, "auth/scope"],
    ["an unknown model", "GET", "/models/none", TOKENS.predict, 404, "model/not-found"],
    ["a bad name", "GET", "/models/UPPER", TOKENS.predict, 422, "model/name"],
    ["an unknown path", "GET", "/nothing", TOKENS.admin, 404, "request/not-found"],
    ["another method", "PATCH", "/models", TOKENS.admin, 405, "request/method"],
  ];
  test.each(cases)("with %s is refused", async (_, method, path, token, status, code) => {
    const headers = { authorization: token === undefined ? "" : `Bearer ${token}` };
    const answer = await worker.ask(method, path, method === "POST" ? exampleOf(1) : undefined, headers);
    expect([answer.status, answer.json.code]).toEqual([status, code]);
    expect(Object.keys(answer.json).sort()).toEqual(["code", "hint", "message"]);
  });

  test("from browsers is closed but to the origins that are named", async () => {
    const ask = (origin: string) => worker.ask("GET", "/health", undefined, { origin });
    expect((await ask("https://a.example")).headers.get("access-control-allow-origin")).toBe(
      "https://a.example",
    );
    expect((await ask("https://b.example")).headers.get("access-control-allow-origin")).toBeNull();
  });

  test("without configured tokens is closed", async () => {
    const bare = await new Workerd({ vars: { EDGEGRAD_TOKENS: "[]" } }).start();
    try {
      expect((await bare.ask("GET", "/models")).status).toBe(401);
    } finally {
      await bare.close();
    }
  });
});

test("a model that does not fit memory or CPU time is refused and leaves nothing", async () => {
  const wide = { input: [1000], layers: [{ op: "dense", units: 10_000 }], batchSize: 1 };
  expect((await worker.ask("PUT", "/models/wide", wide)).status).toBe(413);
  const slow = { input: [600], layers: [{ op: "dense", units: 600 }], batchSize: 256 };
  const answer = await worker.ask("PUT", "/models/slow", slow);
  expect([answer.status, answer.json.code]).toEqual([422, "model/work"]);
  const { json } = await worker.ask("GET", "/models");
  expect(json.models.map(({ name }: { name: string }) => name)).not.toContain("slow");
});

test("too many requests are refused, with a clock that may stand still", async () => {
  const limited = await new Workerd({ vars: { EDGEGRAD_RATE: "5" } }).start();
  try {
    const statuses = [];
    for (let i = 0; i < 40; i++) statuses.push((await limited.ask("GET", "/models/none")).status);
    expect(statuses).toContain(429);
    expect(statuses.slice(0, 5)).toEqual([404, 404, 404, 404, 404]);
  } finally {
    await limited.close();
  }
});

test("the OpenAPI description and the metrics name every route and model", async () => {
  const { json } = await worker.ask("GET", "/openapi.json");
  const described = Object.entries(json.paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(described.sort()).toEqual(ROUTES.map(({ method, path }) => `${method} ${path}`).sort());
  const { text } = await worker.ask("GET", "/metrics");
  expect(text).toContain('edgegrad_version{model="kept"}');
  expect(text.match(/^# TYPE edgegrad_version gauge$/gm)).toHaveLength(1);
});

test.each([Number.NaN, Infinity])(
  "a typed array with %d is refused on every route that takes rows",
  async (bad) => {
    const x = new Float32Array(NETWORK.input[0]!);
    x[1] = bad;
    const binary = { "content-type": "application/octet-stream" };
    const [rows, examples] = [bodyOf({ x }), bodyOf({ x, y: Int32Array.of(1) })] as Uint8Array[];
    for (const [path, body] of [
      ["predict", rows],
      ["predict?maxStale=60", rows],
      ["updates", examples],
      ["examples", examples],
    ] as const) {
      const answer = await worker.ask("POST", `/models/kept/${path}`, body, binary);
      expect([path, answer.status, answer.json.code]).toEqual([path, 422, "data/not-finite"]);
    }
  },
);

test("a model file that was changed is refused", async () => {
  const file = await bytesOf(worker, "/models/kept/weights");
  file[file.length - 2]! ^= 1;
  const answer = await worker.ask("PUT", "/models/broken", file, {
    "content-type": "application/octet-stream",
  });
  expect([answer.status, answer.json.code]).toEqual([422, "model/digest"]);
});
