/**
 * The core with records written by hand: what every kernel test of the tape stands on.
 * Place: beside the kernel tests; knows src/abi.ts and no other part of the host.
 * Invariant: every tensor lies 4 but not 16 bytes aligned between guard words, and a kernel that changes a guard word
 * or the tail of a neighbour fails the test (`checkGuards`).
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { EndField, Op, Status, Uniform } from "../../src/abi.ts";

export type Variant = "simd" | "debug";
export const variants: readonly Variant[] = ["simd", "debug"];

const GUARD = 0x7fa12345; // a NaN that no kernel makes

interface Exports {
  run(tape: number, uniforms: number, steps: number): number;
  abiVersion(): number;
  heapBase(): number;
}

/** One word of a record: an integer, or a float as `f32(x)`. */
export type Word = number;

const cell = new DataView(new ArrayBuffer(8));

/** The bits of a float, to be put into a record. */
export function f32(x: number): Word {
  cell.setFloat32(0, x);
  return cell.getUint32(0);
}

/** The two words of a double, low one first. */
export function f64(x: number): [Word, Word] {
  cell.setFloat64(0, x);
  return [cell.getUint32(4), cell.getUint32(0)];
}

/** A record of `op`; `fields` are in the order of the op's enum. */
export function record(op: Op, ...fields: readonly Word[]): Word[] {
  return [op, (fields.length + 2) * 4, ...fields];
}

/** The index of the first difference in bits, −1 if there is none; NaN equals NaN. */
export function firstDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Math.min(a.length, b.length);
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return i;
  return -1;
}

export class TapeCore {
  readonly memory = new WebAssembly.Memory({ initial: 160 });
  readonly exports: Exports;
  readonly u32 = new Uint32Array(this.memory.buffer);
  readonly i32 = new Int32Array(this.memory.buffer);
  readonly f32 = new Float32Array(this.memory.buffer);
  readonly f64 = new Float64Array(this.memory.buffer);
  readonly u8 = new Uint8Array(this.memory.buffer);
  readonly uniforms: number;
  readonly #floor: number;
  #next: number;
  #guards: number[] = [];

  constructor(readonly variant: Variant) {
    const path = fileURLToPath(
      new URL(`../../build/core.${variant === "simd" ? "full" : variant}.wasm`, import.meta.url),
    );
    if (!existsSync(path)) throw new Error(`expected ${path}: run npm run build first`);
    const env = {
      memory: this.memory,
      abort: (_message: number, _file: number, line: number, column: number) => {
        throw new Error(`assertion in the core at ${line}:${column}`);
      },
    };
    const module = new WebAssembly.Module(readFileSync(path));
    this.exports = new WebAssembly.Instance(module, { env }).exports as unknown as Exports;
    this.uniforms = (this.exports.heapBase() + 63) & ~63;
    this.#floor = this.uniforms + Uniform.Count * 4;
    this.#next = this.#floor;
  }

  /** Forgets all tensors. */
  reset(): this {
    this.#next = this.#floor;
    this.#guards = [];
    this.u32.fill(0, this.uniforms >> 2, (this.uniforms >> 2) + Uniform.Count);
    return this;
  }

  // 4 bytes past a multiple of 16, guard words before and after
  #take(words: number, start = ((this.#next + 15) & ~15) + 20): number {
    this.#next = start + words * 4 + 16;
    if (this.#next > this.u8.length) throw new Error("the test's tensors exceed its memory");
    for (const guard of [start / 4 - 1, start / 4 + words, start / 4 + words + 1]) {
      this.u32[guard] = GUARD;
      this.#guards.push(guard);
    }
    return start;
  }

  /** Address of n floats, filled with a NaN no kernel makes unless values are given. */
  floats(values: number | ArrayLike<number>): number {
    const n = typeof values === "number" ? values : values.length;
    const at = this.#take(n);
    if (typeof values === "number") this.u32.fill(GUARD, at >> 2, (at >> 2) + n);
    else this.f32.set(values, at >> 2);
    return at;
  }

  words(values: ArrayLike<number>): number {
    const at = this.#take(values.length);
    this.i32.set(values, at >> 2);
    return at;
  }

  /** Bytes lie one byte past a multiple of four. */
  bytes(values: ArrayLike<number>): number {
    const at = this.#take((values.length + 7) >> 2) + 1;
    this.u8.set(values, at);
    return at;
  }

  /** Two doubles or more, 8-byte aligned. */
  doubles(values: ArrayLike<number>): number {
    const at = (this.#take(values.length * 2 + 1) + 7) & ~7;
    this.f64.set(values, at >> 3);
    return at;
  }

  /** Address of 64-byte aligned working memory between guard words, full of NaN. */
  aligned(bytes: number): number {
    const words = Math.ceil(bytes / 4);
    const at = this.#take(words, (this.#next + 4 + 63) & ~63);
    this.u32.fill(GUARD, at >> 2, (at >> 2) + words);
    return at;
  }

  readFloats(at: number, n: number): Float32Array {
    return this.f32.slice(at >> 2, (at >> 2) + n);
  }

  readWords(at: number, n: number): Uint32Array {
    return this.u32.slice(at >> 2, (at >> 2) + n);
  }

  uniform(field: Uniform, value?: number): number {
    if (value !== undefined) this.u32[(this.uniforms >> 2) + field] = value;
    return this.u32[(this.uniforms >> 2) + field] as number;
  }

  /** Writes a tape of the records and an End, and gives its address. */
  tape(records: readonly Word[][], rows = 0): number {
    const words = [...records.flat(), Op.End, EndField.Count * 4, rows];
    return this.words(words);
  }

  /** Runs the records once (or `steps` times), checks the guard words, and gives the status. */
  run(records: readonly Word[][], { steps = 1, rows = 0 } = {}): Status {
    const status = this.exports.run(this.tape(records, rows), this.uniforms, steps);
    this.checkGuards();
    return status;
  }

  /** Runs records that must succeed. */
  ok(...records: readonly Word[][]): void {
    const status = this.run(records);
    if (status !== Status.Ok) throw new Error(`expected Ok, got ${Status[status]}`);
  }

  checkGuards(): void {
    for (const guard of this.#guards)
      if (this.u32[guard] !== GUARD)
        throw new Error(`a kernel wrote outside its tensor, at byte ${guard * 4}`);
  }
}
