// Memory over an empty Worker, and what an update writes.
//
// Place: behind `npm run edge:memory` and `edge:journal`. Invariant: read from the kernel's own counts of the process.

import { bytesOf, exampleOf, NETWORK } from "./edge-scenarios.ts";
import { Workerd } from "./workerd.ts";

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
        ...{ input: [1000], layers, batchSize: 8, examples: { capacity: 64 }, snapshotEvery: 10 },
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
    await worker.untilCopied("large", () =>
      during("beside a copy", () => post("/predict?maxStale=60", { x })),
    );
    return { statuses, parameters, phases, peakMB };
  } finally {
    clearInterval(timer);
    await worker.close();
    await empty.close();
  }
}

/** What online updates write, for a small model and one a hundred times as large, and what a restart replays. */
export async function measureJournal(updates: number) {
  const worker = await new Workerd({ vars: { EDGEGRAD_CPU_MS: "20000" } }).start();
  try {
    const sizes: object[] = [];
    const perUpdate: number[] = [];
    for (const [name, units] of [
      ["small", 16],
      ["large", 8000],
    ] as const) {
      const layers = [
        { op: "dense", units, activation: "relu" },
        { op: "dense", units: 3 },
      ];
      const model = { ...NETWORK, layers, batchSize: 1, snapshotEvery: updates + 1 };
      const { json } = await worker.ask("PUT", `/models/${name}`, model);
      const post = (id: number) => worker.ask("POST", `/models/${name}/updates`, exampleOf(id));
      await post(0);
      const before = worker.writtenBytes;
      for (let id = 1; id < updates; id++) await post(id);
      const bytes = Math.round((worker.writtenBytes - before) / (updates - 1));
      perUpdate.push(bytes);
      sizes.push({ stateBytes: json.plan.stateBytes, bytesPerUpdate: bytes });
    }
    await worker.ask("PUT", "/models/k", { ...NETWORK, snapshotEvery: 64 });
    for (let id = 0; id < 63 + 64; id++) await worker.ask("POST", "/models/k/updates", exampleOf(id));
    await worker.kill();
    await worker.restart();
    const begun = performance.now();
    await worker.ask("GET", "/models/k");
    const loadMs = performance.now() - begun;
    const { text } = await worker.ask("GET", "/models/k/metrics");
    const replayed = Number(/^edgegrad_replayed_updates_total.* (\d+)$/m.exec(text)?.[1]);
    return { updates, sizes, growth: perUpdate[1]! / perUpdate[0]!, snapshotEvery: 64, replayed, loadMs };
  } finally {
    await worker.close();
  }
}
