// What the core's instance says where the runtime fails it: memory that cannot grow, a trap, a module that is not ours.

import { describe, expect, it } from "vitest";
import { Abi } from "../../src/abi.ts";
import { dense, mse, sequential, sgd } from "../../src/api.ts";
import { CoreInstance } from "../../src/core/instance.ts";
import { CoreError } from "../../src/errors.ts";
import { imageKernels } from "../../src/packs/image.ts";
import { loadCore } from "../../src/platform/default.ts";
import { coreModule } from "../run-graph.ts";
import { testCore } from "../train/session.ts";

function failure(action: () => unknown): CoreError {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(CoreError);
    return error as CoreError;
  }
  throw new Error("expected an error");
}

describe("CoreInstance", () => {
  it("says so where memory cannot grow", () => {
    // 6 GB of weights: within maxBytes, beyond the 4 GB of a 32-bit memory.
    const model = sequential([40_000], [dense(40_000)]);
    const error = failure(() =>
      testCore({ maxBytes: 2 ** 40 }).trainer(model, { loss: mse(), optimizer: sgd(), batchSize: 1 }),
    );
    expect(error.code).toBe("core/memory");
    expect(error.message).toMatch(/cannot grow to .* MB: use a smaller batchSize/);
    expect(error.cause).toBeInstanceOf(Error);
  });

  it("turns a trap into an error with its cause", () => {
    const core = new CoreInstance(coreModule("simd"));
    const error = failure(() => core.run(0xfffffff0, 0xfffffff0, 1));
    expect(error.code).toBe("core/trap");
    expect(error.cause).toBeInstanceOf(WebAssembly.RuntimeError);
  });

  it("gets the kernels of a pack beside its own, in places of their own", () => {
    const core = new CoreInstance(coreModule("simd"));
    const env = { memory: new WebAssembly.Memory({ initial: 2 }), abort() {} };
    const table = new WebAssembly.Table({ element: "anyfunc", initial: Abi.TableSize });
    const pack = new WebAssembly.Instance(new WebAssembly.Module(imageKernels.open()), {
      env: { ...env, table },
      "kernel-table": { coreKernels: 1024 },
    });
    const end = (pack.exports.heapBase as () => number)();
    expect(end).toBeGreaterThan(8192);
    expect(end).toBeLessThanOrEqual(Abi.StaticBytes);
    const own = new WebAssembly.Instance(coreModule("simd"), { env }).exports as { heapBase(): number };
    expect(own.heapBase()).toBeLessThanOrEqual(8192);

    const kernels = () => [...core.u32.subarray(0, 2048)];
    const before = kernels();
    core.add(imageKernels);
    core.add(imageKernels);
    const changed = kernels().filter((word, i) => word !== before[i]);
    expect(changed.length).toBeGreaterThanOrEqual(5);
    for (const word of changed) expect(word).toBeGreaterThanOrEqual(256);
  });

  it("refuses a module that is not the core", () => {
    const empty = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
    expect(failure(() => new CoreInstance(empty)).code).toMatch(/^core\//);
  });
});

describe("loadCore", () => {
  it("names bad options and bad bytes", async () => {
    await expect(loadCore({ quick: true } as never)).rejects.toThrow(/unknown option "quick"/);
    await expect(loadCore({ maxBytes: -1 })).rejects.toThrow(/maxBytes must be a number of bytes/);
    await expect(loadCore({ wasm: Uint8Array.of(1, 2, 3) })).rejects.toThrow(/could not be loaded/);
  });

  it("takes a module or bytes, and relaxed SIMD by `fast`", async () => {
    const model = sequential([2], [dense(1)]);
    for (const core of [await loadCore({ wasm: coreModule("simd") }), await loadCore({ fast: true })]) {
      using trainer = core.trainer(model, { loss: mse(), optimizer: sgd(), batchSize: 1 });
      expect(trainer.step([1, 2], [3]).loss).toBeGreaterThan(0);
    }
  });
});
