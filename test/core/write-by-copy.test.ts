// Weights brought into a core by its own copy: what Executor.write writes, for every order of axes that layers have.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { compilePrediction } from "../../src/compile.ts";
import { Executor } from "../../src/core/executor.ts";
import { CoreInstance } from "../../src/core/instance.ts";
import { writeByCopy } from "../../src/core/write-by-copy.ts";
import {
  conv1d,
  conv2d,
  conv2dTranspose,
  dense,
  flatten,
  type Model,
  sequential,
  simpleRnn,
} from "../../src/platform/default.ts";
import { predictionEncoders, useEncoders } from "../../src/tape/dense-encoders.ts";
import { FORWARD_ENCODERS } from "../../src/tape/forward-encoders.ts";

useEncoders(FORWARD_ENCODERS);

const models: Record<string, Model> = {
  "a dense layer of less than a piece": sequential([7], [dense(5), dense(3)]),
  "one of several pieces": sequential([784], [dense(128), dense(10)]),
  "rows that are longer than a piece": sequential([100_001], [dense(2)]),
  convolutions: sequential([9, 9, 3], [conv2d(5, 3), conv2dTranspose(4, 3), flatten(), dense(6)]),
  "one dimension": sequential([12, 3], [conv1d(4, 3), flatten(), dense(2)]),
  "a recurrent layer": sequential([6, 5], [simpleRnn(4), dense(2)]),
};

test.each(Object.entries(models))("%s", async (_, model) => {
  const module = await WebAssembly.compile(readFileSync("build/core.full.wasm"));
  const make = () => {
    const core = new CoreInstance(module);
    const program = compilePrediction(model, { batch: 1, time: 1 }, core.heapBase, 1e9);
    return new Executor(core, program, 1e9, predictionEncoders());
  };
  const [plain, copied] = [make(), make()];
  let seed = 0;
  for (const [i, tensor] of plain.program.tensors.entries()) {
    const length = plain.regionOf(tensor).bytes / 4;
    const data = Float32Array.from({ length }, () => Math.sin(++seed));
    plain.write(tensor, data);
    writeByCopy(copied, copied.program.tensors[i]!, data);
  }
  expect(copied.fingerprint()).toBe(plain.fingerprint());
  // A piece's 64 KB at most, which may begin in the last page of the plan.
  expect(copied.core.bytes - plain.core.bytes).toBeLessThanOrEqual(65536);
});
