// Serves a saved model over HTTP on this machine: the package's Worker on workerd through wrangler, or its routes in Node.
// Place: last part of the demo. Both take the model by `PUT /model` and answer `POST /predict`.
// Invariant: only the loopback address is listened on, and `close` leaves no process and no file behind.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { type AddressInfo, createServer as createSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Core } from "../api.ts";
import { createRoutes } from "../cloudflare/demo/routes.ts";
import { CoreError } from "../errors.ts";

/** wrangler bundles and starts workerd in about two seconds; a loaded machine takes longer. */
const START_SECONDS = 60;
/** Not later than the local workerd knows; the same as in wrangler.toml. */
const COMPATIBILITY_DATE = "2026-10-01";

/** A model being served. */
export interface Served {
  readonly host: "workerd" | "Node";
  readonly url: string;
  close(): Promise<void>;
}

/** What `POST /predict` answers: a row of logits and the class of the largest for each image. */
export interface ServedPrediction {
  readonly y: readonly (readonly number[])[];
  readonly argmax: readonly number[];
}

/** Asks a served model about images. */
export async function requestPrediction(
  url: string,
  images: readonly Uint8Array[],
): Promise<ServedPrediction> {
  const body = JSON.stringify({ x: images.map((image) => [...image]) });
  return request(`${url}/predict`, { method: "POST", headers: { "content-type": "application/json" }, body });
}

/** Gives a server its model; returns the fingerprint of the weights as the server sees them. */
export async function uploadModel(url: string, bytes: Uint8Array): Promise<string> {
  const body = bytes.slice();
  return (await request<{ fingerprint: string }>(`${url}/model`, { method: "PUT", body })).fingerprint;
}

async function request<T>(url: string, init: RequestInit): Promise<T> {
  const response = await fetch(url, init);
  const text = await response.text();
  if (!response.ok)
    throw new CoreError("serve/response", `${url} answered ${response.status}: ${text.slice(0, 300)}`);
  return JSON.parse(text) as T;
}

/**
 * Starts the demo Worker on a free port.
 * @throws CoreError that says why workerd cannot run here.
 */
export async function serveFromWorkerd(): Promise<Served> {
  const main = fileURLToPath(new URL("./demo-worker.js", import.meta.url));
  if (!existsSync(main)) throw new CoreError("serve/entry", `${main} is not built`);
  const wrangler = findWrangler();
  const folder = await mkdtemp(join(tmpdir(), "edgegrad-demo-"));
  const config = { name: "edgegrad-demo", main, compatibility_date: COMPATIBILITY_DATE, send_metrics: false };
  await writeFile(join(folder, "wrangler.json"), JSON.stringify(config));
  const port = await freePort();
  const args = [wrangler, "dev", "--ip", "127.0.0.1", "--port", String(port), "--inspector-port", "0"];
  const child = spawn(process.execPath, [...args, "--show-interactive-dev-session=false"], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      CI: "1",
      WRANGLER_SEND_METRICS: "false",
      WRANGLER_HIDE_BANNER: "true",
      CLOUDFLARE_CF_FETCH_ENABLED: "false",
      WRANGLER_LOG_PATH: folder,
    },
  });
  // However this process ends, the child must not outlive it.
  const kill = () => child.kill("SIGTERM");
  process.once("exit", kill);
  const close = async () => {
    process.off("exit", kill);
    await stop(child);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const url = `http://127.0.0.1:${port}`;
  try {
    await untilReady(child, url);
  } catch (error) {
    await close();
    throw error;
  }
  return { host: "workerd", url, close };
}

function findWrangler(): string {
  try {
    const packageJson = createRequire(import.meta.url).resolve("wrangler/package.json");
    return join(packageJson, "..", "bin", "wrangler.js");
  } catch (cause) {
    throw new CoreError("serve/wrangler", "wrangler is not installed", {}, { cause });
  }
}

async function freePort(): Promise<number> {
  const socket = createSocket();
  await new Promise<void>((resolve, reject) => socket.once("error", reject).listen(0, "127.0.0.1", resolve));
  const { port } = socket.address() as AddressInfo;
  await new Promise((resolve) => socket.close(resolve));
  return port;
}

/** Waits until the Worker answers; fails with the last words of wrangler if it ends before. */
async function untilReady(child: ChildProcess, url: string): Promise<void> {
  let output = "";
  let ended: string | undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4000);
    });
  }
  child.once("error", (error) => {
    ended = error.message;
  });
  child.once("exit", (code, signal) => {
    ended ??= `it ended with ${signal ?? `code ${code}`}`;
  });
  // wrangler goes on waiting for a better build, this does not.
  const failed = () =>
    ended ?? (output.includes("Build failed") ? "the Worker could not be built" : undefined);
  const deadline = performance.now() + START_SECONDS * 1000;
  while (performance.now() < deadline) {
    const why = failed();
    if (why) throw new CoreError("serve/workerd", `workerd did not start: ${why}${firstComplaint(output)}`);
    const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const message = `workerd did not answer within ${START_SECONDS} s${firstComplaint(output)}`;
  throw new CoreError("serve/workerd", message);
}

/** The first line of wrangler's output that says what is wrong, without colours. */
function firstComplaint(output: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape that starts a colour
  const lines = output.replace(/\u001b\[[0-9;]*m/g, "").split("\n");
  const line = lines.find(
    (text) => /error|requires|cannot|not found/i.test(text) && !text.includes("Build failed"),
  );
  return line ? `: ${line.replace("✘ [ERROR]", "").trim()}` : "";
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
  await exited;
  clearTimeout(timer);
}

/** Serves the Worker's routes from this process. */
export async function serveFromNode(core: Core): Promise<Served> {
  const routes = createRoutes(async () => core);
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { method = "GET" } = incoming;
    const body = method === "GET" || method === "HEAD" ? null : new Uint8Array(Buffer.concat(chunks));
    const response = await routes.fetch(new Request(`http://127.0.0.1${incoming.url}`, { method, body }));
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(Buffer.from(await response.arrayBuffer()));
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { host: "Node", url: `http://127.0.0.1:${port}`, close };
}
