// A worker process: one implementation on one task, started, asked and ended from here.
//
// Place: between main.ts and impl/. Invariant: a request ends in an answer, an error or a time limit, never in a hang;
// a process that was started is ended.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

export interface Answer {
  readonly error?: string;
  /** Why the implementation does not take part in this task. */
  readonly missing?: string;
  readonly version?: string;
  /** In what the implementation does not do quite what was asked. */
  readonly note?: string;
  /** Mean loss before and after the learning check. */
  readonly losses?: readonly [number, number];
  readonly firstLoss?: number;
  readonly output?: number;
  readonly medianMs?: number;
  readonly minMs?: number;
}

const SETUP_LIMIT_MS = 300_000;
const ROUND_LIMIT_MS = 120_000;

/** taskset exists on Linux only; elsewhere processes are not pinned. */
export const canPin = spawnSync("taskset", ["--version"], { stdio: "ignore" }).status === 0;

const running = new Set<ChildProcess>();

/** Ends every process that is still running, for interruptions. */
export function endAll(): void {
  for (const child of running) child.kill("SIGKILL");
}

export class Worker {
  readonly #child: ChildProcess;
  #settle: ((answer: Answer) => void) | undefined;
  #complaint = "";
  #ended = false;

  constructor(
    program: string,
    script: string,
    env: Readonly<Record<string, string>>,
    core: number | undefined,
  ) {
    const command = [program, join("bench", "impl", script)];
    if (core !== undefined) command.unshift("taskset", "-c", String(core));
    const child = spawn(command[0]!, command.slice(1), { env: { ...process.env, ...env } });
    this.#child = child;
    running.add(child);
    child.stderr?.on("data", (chunk) => {
      this.#complaint = (this.#complaint + chunk).slice(-2000);
    });
    child.stdin?.on("error", () => {});
    createInterface({ input: child.stdout! }).on("line", (line) => {
      if (line.startsWith("@@")) this.#answer(JSON.parse(line.slice(2)));
    });
    child.on("error", (error) => this.#answer({ error: error.message }));
    child.on("close", (code, signal) => {
      running.delete(child);
      this.#ended = true;
      const last = this.#complaint.trim().split("\n").at(-1) ?? "";
      this.#answer({ error: `ended by itself (${signal ?? code}) ${last}`.trim().slice(0, 300) });
    });
  }

  setup(request: Readonly<Record<string, unknown>>): Promise<Answer> {
    return this.#ask({ command: "setup", ...request }, SETUP_LIMIT_MS);
  }

  round(ms: number): Promise<Answer> {
    return this.#ask({ command: "round", ms }, ROUND_LIMIT_MS);
  }

  end(): void {
    this.#child.stdin?.end();
    this.#child.kill("SIGKILL");
  }

  #answer(answer: Answer): void {
    this.#settle?.(answer);
    this.#settle = undefined;
  }

  #ask(request: object, limitMs: number): Promise<Answer> {
    if (this.#ended) return Promise.resolve({ error: "the process has ended" });
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.end();
        this.#answer({ error: `no answer within ${limitMs / 1000} s` });
      }, limitMs);
      this.#settle = (answer) => {
        clearTimeout(timer);
        resolve(answer);
      };
      this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
    });
  }
}
