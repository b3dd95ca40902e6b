// What an operator may set, read from the environment and checked once.
//
// Place: read by the router and the objects. Invariant: a variable that cannot be used is an error that names it, never
// a silent default.

import { ConfigError } from "../errors.ts";
import type { Env } from "./object-platform.ts";

/** Largest body with JSON, NDJSON or rows. Parsed numbers take several times their text. */
export const MAX_JSON_BYTES = 4e6;

/** Largest model file or checkpoint. */
export const MAX_FILE_BYTES = 32e6;

/** Kept versions of a model, beside the current one. */
export const MAX_VERSIONS = 16;

/** Answers that are remembered for idempotency keys, per model. */
export const MAX_ANSWERS = 10_000;

/** Rows in one request. */
export const MAX_ROWS = 10_000;

/** Examples that a model's store may hold, and their bytes. */
export const MAX_EXAMPLES = 1_000_000;
export const MAX_EXAMPLE_STORE_BYTES = 1e9;

/** Bytes of one example: a row of SQLite holds 2 MB. */
export const MAX_EXAMPLE_BYTES = 1.9e6;

/** Listeners of one model's progress. */
export const MAX_LISTENERS = 32;

export interface Settings {
  /** CPU time that one slice of training or one request may take. */
  readonly cpuMs: number;
  readonly maxModels: number;
  /** Memory of one model: its plan and what loading and saving need beside it. */
  readonly maxPlanBytes: number;
  /** An online learner's state is written after so many updates at most. */
  readonly snapshotEvery: number;
  /** Requests per second and model; twice as many at once. 0 for no limit. */
  readonly rate: number;
  readonly log: "all" | "changes" | "off";
  readonly corsOrigins: readonly string[];
}

export function readSettings(env: Env): Settings {
  const log = env.EDGEGRAD_LOG ?? "changes";
  if (log !== "all" && log !== "changes" && log !== "off")
    throw new ConfigError("settings/value", 'EDGEGRAD_LOG must be "all", "changes" or "off"', {
      option: "EDGEGRAD_LOG",
    });
  return {
    cpuMs: numberOf(env, "EDGEGRAD_CPU_MS", 100, 1, 300_000),
    maxModels: numberOf(env, "EDGEGRAD_MAX_MODELS", 100, 1, 10_000),
    maxPlanBytes: numberOf(env, "EDGEGRAD_MAX_PLAN_BYTES", 96e6, 1e6, 96e6),
    snapshotEvery: numberOf(env, "EDGEGRAD_SNAPSHOT_EVERY", 64, 1, 10_000),
    rate: numberOf(env, "EDGEGRAD_RATE", 200, 0, 1e6),
    log,
    corsOrigins: (env.EDGEGRAD_CORS_ORIGINS ?? "")
      .split(",")
      .map((origin) => origin.trim())
      .filter((origin) => origin !== ""),
  };
}

function numberOf(env: Env, name: keyof Env, fallback: number, least: number, most: number): number {
  const text = env[name] as string | undefined;
  const value = text === undefined ? fallback : Number(text);
  if (Number.isFinite(value) && value >= least && value <= most) return value;
  throw new ConfigError("settings/value", `${name} must be a number from ${least} to ${most}`, {
    option: name,
  });
}
