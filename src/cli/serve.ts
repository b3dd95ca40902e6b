// Serves a saved model over HTTP on this machine: from workerd through wrangler, else from Node.
// Place: last part of the demo. Both answer `POST /predict` with the bytes of one image by `{ class, logits }`.
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
import { CoreError } from "../errors.ts";
import { classesOf } from "./classifier.ts";

/** wrangler bundles and starts workerd in about two seconds; a loaded machine takes longer. */
const START_SECONDS = 60;

/** A model being served. */
export interface Served {
  readonly host: "workerd" | "Node";
  readonly url: string;
  close(): Promise<void>;
}

/** What `POST /predict` answers. */
export interface ServedPrediction {
  readonly class: number;
  readonly logits: readonly number[];
}

/** Asks a served model about one image. */
export async function requestPrediction(url: string, image: Uint8Array): Promise<ServedPrediction> {
  const response = await fetch(`${url}/predict`, { method: "POST", body: image.slice() });
  const text = await response.text();
  if (!response.ok)
    throw new CoreError("serve/response", `${url} answered ${response.status}: ${text.slice(0, 300)}`);
  return JSON.parse(text) as ServedPrediction;
}

/** The Worker: the package's own predicting entry for workerd, with the model as a data module. */
const workerSource = (entry: string) => `
import { loadCore } from ${JSON.stringify(entry)};
import model from "./model.safetensors";

let predictor;
export default {
  async fetch(request) {
    if (request.method !== "POST" || new URL(request.url).pathname !== "/predict") {
      return new Response("POST the bytes of one image to /predict", { status: 404 });
    }
    try {
      predictor ??= (await loadCore()).predictor(new Uint8Array(model), { batchSize: 1 });
      const logits = Array.from(predictor.predict(new Uint8Array(await request.arrayBuffer())));
      return Response.json({ class: logits.indexOf(Math.max(...logits)), logits });
    } catch (error) {
      return Response.json({ code: error.code, message: error.message }, { status: 400 });
    }
  },
};
`;

const config = (date: string) => `name = "edgegrad-demo"
main = "worker.js"
compatibility_date = "${date}"
send_metrics = false
rules = [{ type = "Data", globs = ["**/*.safetensors"], fallthrough = true }]
`;

/**
 * Starts workerd on a free port with the model in it.
 * @throws CoreError that says why workerd cannot run here.
 */
export async function serveFromWorkerd(modelBytes: Uint8Array): Promise<Served> {
  const entry = fileURLToPath(new URL("./predict-workerd.js", import.meta.url));
  if (!existsSync(entry)) throw new CoreError("serve/entry", `${entry} is not built`);
  const wrangler = findWrangler();
  const folder = await mkdtemp(join(tmpdir(), "edgegrad-demo-"));
  await writeFile(join(folder, "model.safetensors"), modelBytes);
  await writeFile(join(folder, "worker.js"), workerSource(entry));
  // A date that the local workerd surely knows.
  await writeFile(join(folder, "wrangler.toml"), config("2026-10-01"));
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
    const answer = await fetch(url, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
    // The Worker's own answer to a GET.
    if (answer?.status === 404) return;
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

/** Serves the same from this process. */
export async function serveFromNode(core: Core, modelBytes: Uint8Array): Promise<Served> {
  const predictor = core.predictor(modelBytes, { batchSize: 1 });
  const server = createServer(async (request, response) => {
    const answer = (status: number, body: object) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    if (request.method !== "POST" || request.url !== "/predict") {
      return answer(404, { message: "POST the bytes of one image to /predict" });
    }
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const logits = predictor.predict(new Uint8Array(Buffer.concat(chunks))) as Float32Array;
      answer(200, { class: classesOf(logits, 1)[0], logits: [...logits] });
    } catch (error) {
      answer(400, { message: (error as Error).message });
    }
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    predictor.dispose();
  };
  return { host: "Node", url: `http://127.0.0.1:${port}`, close };
}
