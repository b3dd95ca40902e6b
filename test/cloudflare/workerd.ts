// Starts a real workerd with a Worker of this repository, its Durable Objects on disk, and kills it when asked.
//
// Place: used by the edge tests and `npm run edge:*`. Invariant: the storage folder outlives the process, so that a start
// after a SIGKILL finds what was durable; only processes that this file started are ended.

import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import * as esbuild from "esbuild";

// Programs are bundled elsewhere and run at the root of the repository, as tests are.
const root = process.cwd();

export const TOKENS = {
  admin: "admin-token-0123456789",
  train: "train-token-0123456789",
  predict: "predict-token-0123456789",
  single: "single-token-0123456789",
} as const;

const secret = JSON.stringify([
  { token: TOKENS.admin, scopes: ["admin"] },
  { token: TOKENS.train, scopes: ["train", "predict"] },
  { token: TOKENS.predict, scopes: ["predict"] },
  { token: TOKENS.single, scopes: ["train", "predict"], models: ["mine", "mine-*"] },
]);

export interface WorkerdOptions {
  readonly vars?: Readonly<Record<string, string>>;
  /** Source of the Worker; default the tests' own, which can be told to abort. */
  readonly entry?: string;
}

export class Workerd {
  readonly folder = mkdtempSync(join(tmpdir(), "edgegrad-edge-"));
  readonly #vars: Readonly<Record<string, string>>;
  readonly #entry: string;
  #child: ChildProcess | undefined;
  #port = 0;
  /** Of the cores' modules, those that the Worker imports. */
  #cores: readonly string[] = [];
  readonly #lines: string[] = [];
  output = "";

  constructor({ vars = {}, entry = "test/cloudflare/edge-worker.ts" }: WorkerdOptions = {}) {
    this.#vars = { EDGEGRAD_TOKENS: secret, EDGEGRAD_RATE: "0", EDGEGRAD_LOG: "off", ...vars };
    this.#entry = entry;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  async start(): Promise<this> {
    await esbuild.build({
      absWorkingDir: root,
      entryPoints: [this.#entry],
      outfile: join(this.folder, "worker.js"),
      bundle: true,
      format: "esm",
      target: "es2022",
      conditions: ["workerd"],
      minify: true,
      external: ["*.wasm"],
      tsconfigRaw: {},
      logLevel: "warning",
    });
    const script = readFileSync(join(this.folder, "worker.js"), "utf8");
    this.#cores = ["core.full.wasm", "core.relaxed.wasm"].filter((name) => script.includes(name));
    for (const name of this.#cores) cpSync(join(root, "build", name), join(this.folder, name));
    mkdirSync(join(this.folder, "disk"), { recursive: true });
    this.#port = await freePort();
    writeFileSync(join(this.folder, "config.capnp"), this.#config());
    await this.restart();
    return this;
  }

  /** Starts the process over the same storage, and does not wait for it. */
  spawn(): void {
    const binary = join(root, "node_modules", "workerd", "bin", "workerd");
    const child = spawn(binary, ["serve", "config.capnp"], {
      cwd: this.folder,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk: Buffer) => {
        this.output = (this.output + chunk.toString()).slice(-20_000);
        this.#lines.push(...chunk.toString().split("\n"));
      });
  }

  /** Starts the process over the same storage. */
  async restart(): Promise<void> {
    this.spawn();
    const child = this.#child!;
    const deadline = performance.now() + 30_000;
    while (performance.now() < deadline) {
      if (child.exitCode !== null) throw new Error(`workerd ended: ${this.output}`);
      const answer = await fetch(`${this.url}/health`).catch(() => undefined);
      if (answer) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`workerd did not answer: ${this.output}`);
  }

  /** Waits until a line was printed so many times. */
  async printed(line: string, times: number): Promise<void> {
    const deadline = performance.now() + 30_000;
    while (this.#lines.filter((text) => text.includes(line)).length < times) {
      if (performance.now() > deadline) throw new Error(`workerd did not print "${line}": ${this.output}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** SIGKILL: no warning, no chance to write anything. */
  async kill(): Promise<void> {
    const child = this.#child!;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  async close(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Resident memory of the process, bytes. */
  get residentBytes(): number {
    try {
      const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, "utf8"))?.[1];
      return Number(kib ?? 0) * 1024;
    } catch {
      // It has ended.
      return 0;
    }
  }

  /** What the process has written to disk, or will have. */
  get writtenBytes(): number {
    return Number(/^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${this.pid}/io`, "utf8"))?.[1]);
  }

  async ask(
    ...[method, path, body, headers = {}]: [string, string, unknown?, Record<string, string>?]
    // biome-ignore lint/suspicious/noExplicitAny: the assertions say what it is
  ): Promise<{ status: number; json: any; text: string; headers: Headers }> {
    const raw = typeof body === "string" || body instanceof Uint8Array;
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKENS.admin}`, ...headers },
      ...(body !== undefined && { body: raw ? (body as string) : JSON.stringify(body) }),
    });
    const text = await textOf(response);
    const json = response.headers.get("content-type")?.includes("json") ? JSON.parse(text) : undefined;
    return { status: response.status, json, text, headers: response.headers };
  }

  /** Asks with `?maxStale` until a copy answers: the object does until it is there. */
  async untilCopied<T>(model: string, ask: () => Promise<T>): Promise<T> {
    const rows = async () => {
      const { text } = await this.ask("GET", `/models/${model}/metrics`);
      return /predicted_rows_total\{.*\} (\d+)/.exec(text)![1];
    };
    const deadline = performance.now() + 30_000;
    while (performance.now() < deadline) {
      const before = await rows();
      const answer = await ask();
      if ((await rows()) === before) return answer;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`no copy of "${model}" came`);
  }

  #config(): string {
    const vars = Object.entries(this.#vars)
      .map(([name, value]) => `(name = ${JSON.stringify(name)}, text = ${JSON.stringify(value)})`)
      .join(", ");
    const object = (name: string) => `(className = "${name}", uniqueKey = "${name}", enableSql = true)`;
    const binding = (name: string, of: string) => `(name = "${name}", durableObjectNamespace = "${of}")`;
    return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "disk", disk = (path = "disk", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${this.#port}", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "worker.js"),
    ${this.#cores.map((name) => `(name = "${name}", wasm = embed "${name}"),`).join("\n    ")}
  ],
  compatibilityDate = "2026-10-01",
  durableObjectNamespaces = [${object("TrainerObject")}, ${object("ModelIndex")}],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [${vars}, ${binding("TRAINER", "TrainerObject")}, ${binding("INDEX", "ModelIndex")}],
);
`;
  }
}

/** A stream of events has no end: its first one stands for it. */
async function textOf(response: Response): Promise<string> {
  if (!response.headers.get("content-type")?.includes("event-stream")) return response.text();
  const reader = response.body!.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return new TextDecoder().decode(value);
}

async function freePort(): Promise<number> {
  const socket = createServer();
  await new Promise<void>((resolve) => socket.listen(0, "127.0.0.1", resolve));
  const { port } = socket.address() as { port: number };
  await new Promise((resolve) => socket.close(resolve));
  return port;
}
