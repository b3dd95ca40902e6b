// A run that is saved in one process and goes on in another ends with the weights of a run that never stopped.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const data = `
const rows = 203;
const x = Float32Array.from({ length: rows * 6 }, (_, i) => ((i * 7919) % 1000) / 500 - 1);
const y = Int32Array.from({ length: rows }, (_, i) => (i * 31) % 4);
`;
const first = `
import { writeFileSync } from "node:fs";
import { accuracy, adam, batchNorm, dense, dropout, loadCore, sequential, softmaxCrossEntropy } from "edgegrad";
${data}
const model = sequential([6], [dense(16, { activation: "gelu" }), batchNorm(), dropout(0.3), dense(4)]);
const options = { loss: softmaxCrossEntropy(), optimizer: adam(), metrics: [accuracy()], batchSize: 16, seed: 5 };
const trainer = (await loadCore()).trainer(model, options);
await trainer.fit({ x, y }, { epochs: 8, budget: { steps: Number(process.argv[1]) } });
writeFileSync(process.argv[2], trainer.saveCheckpoint());
console.log(trainer.steps, trainer.fingerprint());
`;
const second = `
import { readFileSync } from "node:fs";
import { loadCore } from "edgegrad";
${data}
const trainer = (await loadCore()).resume(readFileSync(process.argv[1]));
const history = await trainer.fit({ x, y }, { epochs: 8 });
console.log(trainer.steps, trainer.fingerprint(), history.reason);
`;

function run(program: string, ...args: string[]): string[] {
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program, ...args], {
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  return stdout.trim().split(" ");
}

describe("another process", () => {
  it("goes on bit for bit from step 50", () => {
    const folder = mkdtempSync(join(tmpdir(), "edgegrad-"));
    const file = join(folder, "run.safetensors");
    try {
      const [steps, whole] = run(first, "100000", file);
      expect(run(first, "50", file)[0]).toBe("50");
      expect(run(second, file)).toEqual([steps, whole, "done"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
