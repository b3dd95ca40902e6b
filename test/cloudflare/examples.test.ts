// The Workers and the page of examples/edge, on a real workerd and in a real browser.
//
// Place: beside the edge tests. Invariant: each example does what its first lines say, on the built package.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import * as esbuild from "esbuild";
import { afterAll, describe, expect, test } from "vitest";
import {
  dense,
  loadCore,
  loadModel,
  mse,
  sequential,
  sgd,
  softmaxCrossEntropy,
} from "../../src/platform/default.ts";
import { openBrowser } from "../page/open-page.ts";
import { TOKENS, Workerd } from "./workerd.ts";

const BINARY = { "content-type": "application/octet-stream" };
const core = await loadCore();
const opened: { close(): unknown }[] = [];
afterAll(async () => {
  for (const each of opened) await each.close();
});

async function start(example: string, vars: Record<string, string> = {}): Promise<Workerd> {
  const worker = await new Workerd({ entry: `examples/edge/${example}.ts`, vars }).start();
  opened.push(worker);
  return worker;
}

describe("personalisation", () => {
  test("each user's head learns by itself, over a base that stays", { timeout: 60_000 }, async () => {
    const worker = await start("personal-worker", { SERVICE_TOKEN: TOKENS.admin });
    const model = sequential(
      [2],
      [dense(8, { activation: "tanh", name: "base" }), dense(2, { name: "head" })],
    );
    const base = core.trainer(model, { loss: softmaxCrossEntropy(), optimizer: sgd({ learningRate: 0.3 }) });
    // All users together: class 1 where the first number is the larger.
    const label = (i: number) => ((i * 7) % 13 > (i * 5) % 11 ? 1 : 0);
    const row = (i: number) => [((i * 7) % 13) / 13, ((i * 5) % 11) / 13];
    for (let i = 0; i < 400; i++) base.step(row(i), [label(i)]);
    expect((await worker.ask("PUT", "/base", base.saveModel(), BINARY)).status).toBe(201);
    expect((await worker.ask("PUT", "/base", "{}", { ...BINARY, authorization: "Bearer x" })).status).toBe(
      401,
    );

    const predict = async (user: string) => {
      const { status, json } = await worker.ask("POST", `/users/${user}/predict`, { x: [[0.9, 0.1]] });
      expect(status).toBe(200);
      return json.argmax[0];
    };
    expect([await predict("ann"), await predict("bob")]).toEqual([1, 1]);
    // Ann's taste is the other way round.
    for (let i = 0; i < 60; i++) {
      const { status } = await worker.ask("POST", "/users/ann/learn", { x: [row(i)], y: [1 - label(i)] });
      expect(status).toBe(200);
    }
    expect([await predict("ann"), await predict("bob")]).toEqual([0, 1]);
    const { weights } = loadModel(new Uint8Array(await weightsOf(worker, "user-ann")));
    const before = base.getWeights();
    expect(weights["base.weight"]!.data).toEqual(before["base.weight"]!.data);
    expect(weights["head.weight"]!.data).not.toEqual(before["head.weight"]!.data);
    expect((await worker.ask("GET", "/ml/models/user-ann")).json.version).toBe(61);
    expect((await worker.ask("GET", "/ml/models/user-bob")).status).toBe(404);
  });
});

const weightsOf = async (worker: Workerd, name: string): Promise<ArrayBuffer> =>
  (
    await fetch(`${worker.url}/ml/models/${name}/weights`, {
      headers: { authorization: `Bearer ${TOKENS.admin}` },
    })
  ).arrayBuffer();

describe("streamed predictions", () => {
  test("each line is answered before the next is sent", { timeout: 60_000 }, async () => {
    const worker = await start("stream-worker");
    const trainer = core.trainer(sequential([3], [dense(2)]), { loss: mse(), optimizer: sgd({}) });
    const options = encodeURIComponent(JSON.stringify({ loss: "mse" }));
    expect(
      (await worker.ask("PUT", `/models/m?options=${options}`, trainer.saveModel(), BINARY)).status,
    ).toBe(201);

    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const send = (text: string) => writer.write(new TextEncoder().encode(text));
    const asked = fetch(`${worker.url}/models/m/stream`, {
      ...{ method: "POST", body: readable, duplex: "half" },
      headers: { authorization: `Bearer ${TOKENS.predict}` },
    } as RequestInit);
    void send("[1, 2, 3]\n[4,");
    const response = await asked;
    expect(response.status).toBe(200);
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    // Lines that are written one after the other may arrive together.
    let text = "";
    const next = async () => {
      while (!text.includes("\n")) text += (await reader.read()).value ?? "\n";
      const line = text.slice(0, text.indexOf("\n"));
      text = text.slice(line.length + 1);
      return JSON.parse(line);
    };
    expect(await next()).toEqual({ y: [...(trainer.predict([1, 2, 3]) as Float32Array)], version: 1 });
    void send(" 5, 6]\n[1]\n");
    expect(await next()).toEqual({ y: [...(trainer.predict([4, 5, 6]) as Float32Array)], version: 1 });
    expect((await next()).error).toMatch(/expected a multiple of 3 values/);
    void writer.close();
    expect((await reader.read()).done).toBe(true);

    const stranger = await worker.ask("POST", "/models/m/stream", "[1,2,3]\n", { authorization: "Bearer x" });
    expect(stranger.status).toBe(401);
  });
});

describe("a page", () => {
  test("hands its training over, and the Worker goes on bit for bit", { timeout: 120_000 }, async () => {
    const { outputFiles } = await esbuild.build({
      entryPoints: ["examples/edge/page.ts"],
      ...{ bundle: true, write: false, format: "iife", globalName: "edge", tsconfigRaw: {} },
    });
    const script = outputFiles[0]!.text;
    const server: Server = createServer((request, response) => {
      const isScript = request.url === "/page.js";
      response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
      response.end(isScript ? script : '<title>page</title><script src="page.js"></script>');
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    opened.push(server);
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const worker = await start("../../src/cloudflare/worker", { EDGEGRAD_CORS_ORIGINS: origin });
    const browser = await openBrowser();
    opened.push(browser);
    const page = await browser.newPage();
    await page.goto(origin);
    const options = { url: worker.url, token: TOKENS.admin, name: "mine", steps: 20, more: 15 };
    const seen = await page.evaluate(`edge.handOver(${JSON.stringify(options)})`);
    const { here, arrived, there, alone } = seen as Record<string, string>;
    expect(here).toMatch(/^[0-9a-f]{64}$/);
    expect(arrived).toBe(here);
    expect(there).toBe(alone);
    expect(there).not.toBe(here);
  });
});
