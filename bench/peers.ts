// The implementations measured side by side: how each is started, and where its package comes from.
//
// Place: read by main.ts. Invariant: nothing here is a dependency of the library; npm packages are installed into
// bench/node_modules on first use, PyTorch is the system's.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Implementation {
  /** As in --peers. */
  readonly id: string;
  /** As in the table. */
  readonly name: string;
  readonly variant: string;
  readonly script: string;
  /** npm packages that it needs. */
  readonly packages: readonly string[];
  readonly options?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Trains many steps in one call over data that it holds: beside single steps, or in their place. */
  readonly staged?: "also" | "only";
}

const BENCH = "bench";
const tfjs = (backend: string): Implementation => ({
  id: `tfjs-${backend}`,
  name: `tfjs-${backend}`,
  variant: backend,
  script: "tfjs.mjs",
  packages: ["@tensorflow/tfjs", ...(backend === "wasm" ? ["@tensorflow/tfjs-backend-wasm"] : [])],
  options: { backend },
});

const simple = (id: string, more: Partial<Implementation> = {}): Implementation => ({
  ...{ id, name: id, variant: "default", script: `${id.replace(".js", "")}.mjs`, packages: [id], ...more },
});

const oneThread = { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };

export const OURS: readonly Implementation[] = ["simd", "relaxed"].map((variant) => ({
  id: "edgegrad",
  name: variant === "simd" ? "edgegrad" : "edgegrad, fast",
  variant,
  script: "edgegrad.mjs",
  packages: [],
  options: { fast: variant === "relaxed" },
  staged: "also",
}));

export const PEERS: readonly Implementation[] = [
  simple("jax-js", { packages: ["@jax-js/jax"] }),
  tfjs("wasm"),
  tfjs("cpu"),
  simple("ort-web", { packages: ["onnxruntime-web"] }),
  simple("brain.js", { staged: "only" }),
  simple("synaptic", { staged: "only" }),
  simple("convnetjs"),
  { id: "torch", name: "PyTorch", variant: "native", script: "pytorch.py", packages: [], env: oneThread },
  {
    id: "torch-sse41",
    name: "PyTorch SSE4.1",
    variant: "sse4.1",
    script: "pytorch.py",
    packages: [],
    env: {
      ...oneThread,
      ATEN_CPU_CAPABILITY: "default",
      MKL_ENABLE_INSTRUCTIONS: "SSE4_2",
      ONEDNN_MAX_CPU_ISA: "SSE41",
      OPENBLAS_CORETYPE: "Nehalem",
    },
  },
];

/** A Python with PyTorch, if the machine has one. */
export function pythonWithTorch(): string | undefined {
  const candidates = [process.env.EDGEGRAD_PYTHON, "python3", "/usr/bin/python3"].filter(
    (c) => c !== undefined,
  );
  return candidates.find(
    (python) => spawnSync(python, ["-c", "import torch"], { stdio: "ignore" }).status === 0,
  );
}

const installed = (name: string) => existsSync(join(BENCH, "node_modules", name, "package.json"));

/** Installs what is missing; packages that cannot be had stay absent and are told in their rows. */
export function installPackages(wanted: readonly Implementation[]): void {
  const absent = () =>
    [...new Set(wanted.flatMap((peer) => peer.packages))].filter((name) => !installed(name));
  if (absent().length === 0) return;
  console.error("Installing the peers into bench/node_modules (once) …");
  const npm = (...args: string[]) =>
    spawnSync("npm", [...args, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
      cwd: BENCH,
      stdio: ["ignore", "ignore", "inherit"],
      shell: process.platform === "win32",
    });
  npm("ci");
  const { dependencies } = JSON.parse(readFileSync(join(BENCH, "package.json"), "utf8"));
  for (const name of absent()) npm("install", "--no-save", `${name}@${dependencies[name]}`);
}

/** Why an implementation cannot run here, if so. */
export function obstacle(peer: Implementation, python: string | undefined): string | undefined {
  const lacking = peer.packages.filter((name) => !installed(name));
  if (lacking.length > 0) return `not installed: ${lacking.join(", ")}`;
  if (peer.script.endsWith(".py") && !python)
    return "not installed: no Python with torch (apt-get install python3-torch libopenblas0-pthread)";
  return undefined;
}
