/**
 * Loads the test build of the core (assembly/testing.ts), building it first when a source is newer.
 * Place: beside the kernel tests. Invariant: the caller owns the memory; kernels see only addresses it hands out.
 */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "../../scripts/asc.mjs";

export type Variant = "simd" | "relaxed" | "debug";

/** The exports of the test build are numbers in, number out: pointers are byte addresses. */
export interface TestingCore {
  readonly exports: Record<string, (...args: number[]) => number>;
  readonly memory: WebAssembly.Memory;
  /** First free byte, 64-byte aligned. */
  readonly heapBase: number;
}

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SOURCES = ["assembly", "src"];

function newestSourceMs(): number {
  const tools = ["asconfig.testing.json", "scripts/asc.mjs", "scripts/unroll.mjs"];
  let newest = Math.max(...tools.map((file) => statSync(join(ROOT, file)).mtimeMs));
  for (const folder of SOURCES) {
    for (const entry of readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })) {
      const shared = folder === "assembly" || /^abi[^/]*\.ts$/.test(entry);
      if (shared && entry.endsWith(".ts"))
        newest = Math.max(newest, statSync(join(ROOT, folder, entry)).mtimeMs);
    }
  }
  return newest;
}

async function build(variant: Variant, wasm: string): Promise<void> {
  // Test files run in parallel processes: each writes its own file and renames it into place.
  const partial = `build/testing.${variant}.${process.pid}.wasm`;
  const args = ["--config", "asconfig.testing.json", "--target", variant, "--outFile", partial];
  const { error, stderr } = await compile([...args, "--baseDir", ROOT]);
  if (error) {
    rmSync(join(ROOT, partial), { force: true });
    throw new Error(`asc could not build the testing core (${variant}):\n${stderr.toString()}`);
  }
  renameSync(join(ROOT, partial), wasm);
}

/** Builds `build/testing.<variant>.wasm` unless it is newer than its sources, and returns its path. */
export async function testingWasmPath(variant: Variant): Promise<string> {
  const wasm = join(ROOT, `build/testing.${variant}.wasm`);
  if (!existsSync(wasm) || statSync(wasm).mtimeMs < newestSourceMs()) await build(variant, wasm);
  return wasm;
}

/** Instantiates the test build over a fresh memory of `pages` × 64 KB. */
export async function loadTestingCore(variant: Variant, pages = 256): Promise<TestingCore> {
  const bytes = readFileSync(await testingWasmPath(variant));
  const memory = new WebAssembly.Memory({ initial: pages });
  const abort = (): never => {
    throw new Error("assertion failed in the core");
  };
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory, abort } });
  const { __heap_base, ...functions } = instance.exports;
  const heapBase = __heap_base instanceof WebAssembly.Global ? Number(__heap_base.value) : 65536;
  return {
    exports: functions as Record<string, (...args: number[]) => number>,
    memory,
    heapBase: Math.ceil(heapBase / 64) * 64,
  };
}

/** Whether this engine compiles relaxed SIMD: validates a function that is one f32x4.relaxed_madd. */
export function relaxedSimdSupported(): boolean {
  const header = [0, 97, 115, 109, 1, 0, 0, 0];
  const types = [1, 8, 1, 96, 3, 123, 123, 123, 1, 123];
  const functions = [3, 2, 1, 0];
  const code = [10, 13, 1, 11, 0, 32, 0, 32, 1, 32, 2, 253, 133, 2, 11];
  return WebAssembly.validate(new Uint8Array([...header, ...types, ...functions, ...code]));
}
