// One instance of the WASM core with a memory of its own.
//
// Place: the only file that instantiates the core; everything above addresses its memory by number.
// Invariant: a trap never reaches the user as it is: it becomes a CoreError with its cause.

import { Abi, type Op, type Slot } from "../abi.ts";
import { CoreError } from "../errors.ts";
import type { KernelPack } from "../packs/kernel-pack.ts";

/** What assembly/index.ts exports. */
interface CoreExports {
  run(tape: number, uniforms: number, steps: number): number;
  abiVersion?(): number;
  heapBase(): number;
  /** Address of the table of kernels. */
  kernels(): number;
  readonly table: WebAssembly.Table;
}

/** Packs compiled so far; a module holds no state. */
const compiled = new Map<KernelPack, WebAssembly.Module>();

const PAGE = 65536;

/** The debug core calls it where an assertion fails. */
const onAbort = (_message: number, _file: number, line: number, column: number): never => {
  throw new Error(`assertion failed in the core at ${line}:${column}`);
};

export class CoreInstance {
  readonly heapBase: number;
  #memory: WebAssembly.Memory | undefined;
  readonly #exports: CoreExports;
  readonly #run: CoreExports["run"];
  f32!: Float32Array;
  f64!: Float64Array;
  i32!: Int32Array;
  u32!: Uint32Array;
  u8!: Uint8Array;

  /** @throws CoreError if the module is not this release's core */
  constructor(module: WebAssembly.Module) {
    this.#memory = new WebAssembly.Memory({ initial: 2 });
    let exports: CoreExports;
    try {
      const env = { memory: this.#memory, abort: onAbort };
      exports = new WebAssembly.Instance(module, { env }).exports as unknown as CoreExports;
    } catch (cause) {
      throw new CoreError("core/instantiate", "the WASM core could not be instantiated", {}, { cause });
    }
    const version = exports.abiVersion?.();
    if (version !== Abi.Version)
      throw new CoreError(
        "core/abi",
        `the WASM core speaks version ${version} of the tape, the host ${Abi.Version}: use one release`,
      );
    this.heapBase = Abi.StaticBytes;
    this.#exports = exports;
    this.#run = exports.run;
    this.#view(this.#memory.buffer);
  }

  #view(buffer: ArrayBuffer): void {
    this.f32 = new Float32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.u8 = new Uint8Array(buffer);
  }

  get bytes(): number {
    return this.u8.length;
  }

  /** Makes the memory at least this large. */
  reserve(bytes: number): void {
    const missing = Math.ceil((bytes - this.bytes) / PAGE);
    if (missing <= 0 || !this.#memory) return;
    try {
      this.#memory.grow(missing);
    } catch (cause) {
      throw new CoreError(
        "core/memory",
        `the core's memory cannot grow to ${(bytes / 1e6).toFixed(1)} MB: use a smaller batchSize or stageBytes`,
        { bytes },
        { cause },
      );
    }
    this.#view(this.#memory.buffer);
  }

  /** Whether a place of the table of kernels is filled. */
  has(slot: Op | Slot): boolean {
    return this.u32[(this.#exports.kernels() >> 2) + slot] !== 0;
  }

  /**
   * Puts a pack's kernels beside the core's, unless they are there. It writes below heapBase alone.
   *
   * @throws CoreError if the host cannot compile WASM at run time
   */
  add(pack: KernelPack): void {
    if (this.has(pack.slot)) return;
    try {
      const module = compiled.get(pack) ?? new WebAssembly.Module(pack.open());
      compiled.set(pack, module);
      const { table } = this.#exports;
      if (table.length < Abi.TableSize) table.grow(Abi.TableSize - table.length);
      new WebAssembly.Instance(module, {
        env: { memory: this.#memory!, table, abort: onAbort },
        "kernel-table": { coreKernels: this.#exports.kernels() },
      });
    } catch (cause) {
      throw new CoreError(
        "core/pack",
        `the ${pack.name} kernels cannot be added here: load core.full.wasm, which has them`,
        { pack: pack.name },
        { cause },
      );
    }
  }

  /** Runs a tape; returns a Status. The one call from JS into the core. */
  run(tape: number, uniforms: number, steps: number): number {
    try {
      return this.#run(tape, uniforms, steps);
    } catch (cause) {
      throw new CoreError("core/trap", "the WASM core trapped: this is a bug of edgegrad", {}, { cause });
    }
  }

  /** Gives the memory back. */
  release(): void {
    this.#memory = undefined;
    this.#view(new ArrayBuffer(0));
  }
}
