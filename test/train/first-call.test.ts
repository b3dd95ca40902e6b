// The first long call of a fresh process against a warm one: kernels must be replaced by optimized code while `run`
// goes on, which only works because each is a function of its own (see DESIGN: dispatch by call_indirect).

import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";

/** Runs in a process of its own: one call of many steps, then the same again until warm; prints the ratio. */
const program = `
import { dense, loadCore, mse, sequential, sgd } from "edgegrad";
const core = await loadCore();
const model = sequential([2], [dense(4, { activation: "tanh" }), dense(1)]);
const trainer = core.trainer(model, { loss: mse(), optimizer: sgd({ learningRate: 0.1 }), batchSize: 4, seed: 1 });
const data = { x: Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1), y: Float32Array.of(0, 1, 1, 0) };
const steps = 1_500_000;
let done = 0;
const time = async () => {
  const start = process.hrtime.bigint();
  await trainer.fit(data, { epochs: (done += steps) });
  return Number(process.hrtime.bigint() - start);
};
const first = await time();
await time();
const warm = Math.min(await time(), await time());
console.log(first / warm);
`;

describe("first long call", () => {
  it("takes at most 1.3 times a warm one per step", () => {
    // Other work on the machine can only make one of the two slower: the best of a few processes decides.
    const ratios: number[] = [];
    while (ratios.length < 5 && !ratios.some((ratio) => ratio <= 1.3)) {
      const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
        encoding: "utf8",
      });
      expect(stderr).toBe("");
      ratios.push(Number(stdout));
    }
    expect(Math.min(...ratios)).toBeLessThanOrEqual(1.3);
  });
});
