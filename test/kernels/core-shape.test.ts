/**
 * What the binary looks like: its exports, its size, and that kernels stay functions of their own.
 * Invariant proved here: the engine can replace each kernel by optimized code while one long call of `run` goes on,
 * because no function that holds a loop over elements has been inlined into the step.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { Abi, Op, UnaryFn } from "../../src/abi.ts";
import { TapeCore } from "./tape-core.ts";

const variants = ["full", "relaxed"] as const;

function bytesOf(variant: string): Uint8Array {
  return readFileSync(fileURLToPath(new URL(`../../build/core.${variant}.wasm`, import.meta.url)));
}

const SECTION = { imports: 2, exports: 7, elements: 9, code: 10 };

/** Reads numbers of a WASM section in order. */
class Section {
  #at: number;
  constructor(
    readonly bytes: Uint8Array,
    id: number,
  ) {
    this.#at = 8;
    for (;;) {
      const found = bytes[this.#at++];
      const size = this.number();
      if (found === id) return;
      this.#at += size;
      if (this.#at >= bytes.length) throw new Error(`no section ${id}`);
    }
  }
  number(): number {
    let result = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes[this.#at++] as number;
      result |= (byte & 127) << shift;
      if (byte < 128) return result >>> 0;
    }
  }
  skip(count: number): void {
    this.#at += count;
  }
}

/** Size in bytes of each function that the core defines. */
function functionSizes(bytes: Uint8Array): number[] {
  const code = new Section(bytes, SECTION.code);
  return Array.from({ length: code.number() }, () => {
    const size = code.number();
    code.skip(size);
    return size;
  });
}

/** Indices of the functions in the table. The core imports no function, so index 0 is the first it defines. */
function tableFunctions(bytes: Uint8Array): number[] {
  const elements = new Section(bytes, SECTION.elements);
  elements.number(); // one segment
  elements.number(); // for table 0
  elements.skip(1); // i32.const
  elements.number();
  elements.skip(1); // end
  return Array.from({ length: elements.number() }, () => elements.number());
}

describe.each(variants)("%s", (variant) => {
  const bytes = bytesOf(variant);

  it("exports what packs and the host need, and imports a memory", () => {
    const module = new WebAssembly.Module(bytes as BufferSource);
    const exports = WebAssembly.Module.exports(module).map((e) => e.name);
    expect(exports.sort()).toEqual(["abiVersion", "heapBase", "kernels", "run", "table"]);
    expect(WebAssembly.Module.imports(module)).toEqual([{ module: "env", name: "memory", kind: "memory" }]);
  });

  it("is at most 32 KB with the image kernels, gzipped", () => {
    expect(gzipSync(bytes, { level: 9 }).length).toBeLessThanOrEqual(32 * 1024);
  });

  it("reaches every op through the table, and the step holds no kernel", () => {
    const sizes = functionSizes(bytes);
    const table = tableFunctions(bytes);
    expect(new Set(table).size).toBe(table.length);
    const ops = Object.keys(Op).filter((name) => Number.isNaN(Number(name)) && name !== "Count");
    expect(table.length).toBeGreaterThanOrEqual(ops.length + UnaryFn.Count);
    // small functions are optimized soon; one of 67 KB was seen to take 90 ms
    expect(Math.max(...sizes)).toBeLessThan(4000);
  });
});

describe("the instance", () => {
  const core = new TapeCore("simd");

  it("tells the version of the tape and leaves little memory to itself", () => {
    expect(core.exports.abiVersion()).toBe(Abi.Version);
    expect(core.exports.heapBase()).toBeLessThan(16 * 1024);
  });

  it("runs an empty tape", () => {
    expect(core.run([], { steps: 1000 })).toBe(0);
  });
});
