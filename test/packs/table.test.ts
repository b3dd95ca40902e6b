// The table op → pack against what the built modules register.
//
// Place: Node; instantiates each module on a table of kernels of its own. Invariant: a core with the packs that packAt
// names has every kernel of the full core.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Abi, Op, Slot } from "../../src/abi.ts";
import { augmentKernels } from "../../src/packs/augment.ts";
import { generalKernels } from "../../src/packs/general.ts";
import { imageKernels } from "../../src/packs/image.ts";
import type { KernelPack } from "../../src/packs/kernel-pack.ts";
import { packAt } from "../../src/packs/known-packs.ts";
import { normalizeKernels } from "../../src/packs/normalize.ts";
import { sequenceKernels } from "../../src/packs/sequence.ts";
import { smallKernels } from "../../src/packs/small.ts";
import { sparseKernels } from "../../src/packs/sparse.ts";

const referencedPacks = [imageKernels, augmentKernels, normalizeKernels, smallKernels, sparseKernels];
const packs: readonly KernelPack[] = [generalKernels, sequenceKernels, ...referencedPacks];

interface Registered {
  readonly slots: readonly number[];
  /** Bytes of memory and places of the function table that the module takes. */
  readonly memory: readonly [from: number, to: number];
  readonly table: readonly number[];
}

const slotsIn = (words: Uint32Array): number[] =>
  [...words.subarray(0, Slot.Count)].flatMap((word, slot) => (word && slot !== Slot.Uniforms ? [slot] : []));

function ofCore(name: string): Registered {
  const memory = new WebAssembly.Memory({ initial: 2 });
  const module = new WebAssembly.Module(readFileSync(`build/core.${name}.wasm`));
  const { exports } = new WebAssembly.Instance(module, { env: { memory, abort() {} } });
  const { kernels, heapBase, table } = exports as unknown as {
    kernels(): number;
    heapBase(): number;
    table: WebAssembly.Table;
  };
  const places = Array.from({ length: table.length }, (_, i) => i).filter((i) => table.get(i) !== null);
  const slots = slotsIn(new Uint32Array(memory.buffer, kernels(), Slot.Count));
  return { slots, memory: [0, heapBase()], table: places };
}

function ofPack(pack: KernelPack): Registered {
  const memory = new WebAssembly.Memory({ initial: 2 });
  const table = new WebAssembly.Table({ element: "anyfunc", initial: Abi.TableSize });
  const coreKernels = 65536;
  const module = new WebAssembly.Module(pack.open());
  const { exports } = new WebAssembly.Instance(module, {
    env: { memory, table, abort() {} },
    "kernel-table": { coreKernels },
  });
  const bytes = new Uint8Array(memory.buffer, 0, coreKernels);
  const places = Array.from({ length: table.length }, (_, i) => i).filter((i) => table.get(i) !== null);
  const slots = slotsIn(new Uint32Array(memory.buffer, coreKernels, Slot.Count));
  const from = bytes.findIndex((byte) => byte !== 0);
  return { slots, memory: [from < 0 ? 0 : from, (exports.heapBase as () => number)()], table: places };
}

const full = ofCore("full").slots;
const byPack = new Map(packs.map((pack) => [pack.name, ofPack(pack)]));

test("the full core has more than a hundred places", () => {
  expect(full.length).toBeGreaterThan(90);
  expect(full).toEqual(expect.arrayContaining([Op.Gemm, Op.Conv2d, Op.Rnn, Op.Copy, Slot.Gemm]));
});

describe.each(["simd", "predict"])("%s core", (variant) => {
  const core = ofCore(variant);
  /** Ops of training are not asked of a core for prediction. */
  const trainingOnly = variant === "simd" ? [] : ofCore("simd").slots.filter((slot) => slot !== Slot.Gemm);

  test("what it lacks is in the pack that is named for it", () => {
    const referenced = referencedPacks.flatMap(({ name }) => byPack.get(name)!.slots);
    const lacking = full.filter((slot) => !core.slots.includes(slot) && !referenced.includes(slot));
    expect(lacking.length).toBeGreaterThan(15);
    for (const slot of lacking) {
      const pack = byPack.get(packAt(slot))!;
      if (!pack.slots.includes(slot)) expect(trainingOnly, `slot ${slot}`).toContain(slot);
    }
  });

  test("it does not have what packs are told apart by", () => {
    for (const pack of packs) {
      expect(core.slots).not.toContain(pack.slot);
      expect(byPack.get(pack.name)!.slots).toContain(pack.slot);
    }
  });
});

test("no module takes another's memory or places of the function table", () => {
  const cores = ["simd", "predict"].map(ofCore);
  const ends = {
    memory: Math.max(...cores.map((c) => c.memory[1])),
    table: Math.max(...cores.flatMap((c) => c.table)),
  };
  expect(ends.memory).toBeLessThanOrEqual(8192);
  expect(ends.table).toBeLessThan(256);
  const taken = [...byPack.values()].sort((a, b) => a.memory[1] - b.memory[1]);
  let memory = 8192;
  for (const pack of taken) {
    if (pack.memory[0]) expect(pack.memory[0]).toBeGreaterThanOrEqual(memory);
    memory = pack.memory[1];
  }
  expect(memory).toBeLessThanOrEqual(Abi.StaticBytes);
  const places = taken.flatMap((pack) => pack.table);
  expect(new Set(places).size).toBe(places.length);
  expect(Math.min(...places)).toBeGreaterThanOrEqual(256);
  expect(ofCore("full").memory[1]).toBeLessThanOrEqual(Abi.StaticBytes);
});
