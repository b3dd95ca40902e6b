// Predictors whose products of one row skip zeros, against the same predictors as they are without: same bits.

import { afterEach, describe, expect, it } from "vitest";
import { dense, mse, sequential, sgd, softmaxCrossEntropy } from "../../src/api.ts";
import { rewriteBuiltIn } from "../../src/core/rewrite-built-in.ts";
import { rewriteByPack } from "../../src/core/rewrite-by-pack.ts";
import { type RewriteTape, useRewrite } from "../../src/core/rewritten-tape.ts";
import type { Weights } from "../../src/io/weights.ts";
import { Core } from "../../src/session.ts";
import { disassemble } from "../../src/tape/disassemble.ts";
import { coreModule } from "../run-graph.ts";
import { numbers, testCore } from "./session.ts";

const plain: RewriteTape = (tape) => tape;
afterEach(() => useRewrite(plain));

const model = sequential([784], [dense(37, { activation: "relu" }), dense(10)]);

function fileOf(change: (weights: Weights) => void = () => {}): Uint8Array {
  useRewrite(plain);
  using trainer = testCore().trainer(model, { loss: softmaxCrossEntropy(), optimizer: sgd(), seed: 3 });
  const weights = trainer.getWeights();
  change(weights);
  trainer.setWeights(weights);
  return trainer.saveModel();
}

/** The predictions of rows with more and more zeros, one at a time, and whether the first product skips them. */
function predictions(rewrite: RewriteTape, core: Core, file: Uint8Array) {
  let skips = false;
  useRewrite((tape, host) => {
    const rewritten = rewrite(tape, host);
    const nodes = host.program.plan.graphs[host.program.graphs.predict]!.graph.nodes;
    skips ||= disassemble({ tape: rewritten, nodes, address: 0 }).includes("SparseRow");
    return rewritten;
  });
  using predictor = core.predictor(file, { batchSize: 1 });
  const seen = [0, 0.3, 0.5, 0.7, 0.95, 1].map((share) => {
    const row = numbers(784, 7).map((v, i) => ((i * 37) % 100 < share * 100 ? 0 : v));
    return predictor.predict(row) as Float32Array;
  });
  return { seen, skips };
}

describe("products of one row", () => {
  it("skip zeros, with the bits of those that do not", () => {
    const file = fileOf();
    const want = predictions(plain, testCore(), file);
    expect(want.skips).toBe(false);
    expect(predictions(rewriteByPack, testCore(), file)).toEqual({ seen: want.seen, skips: true });
    const builtIn = new Core(coreModule("debug"), {});
    expect(predictions(rewriteBuiltIn, builtIn, file)).toEqual({ seen: want.seen, skips: true });
    expect(predictions(rewriteBuiltIn, testCore(), file)).toEqual({ seen: want.seen, skips: false });
  });

  it("give what a row of a larger batch gives", () => {
    const file = fileOf();
    const { seen } = predictions(rewriteByPack, testCore(), file);
    useRewrite(rewriteByPack);
    using predictor = testCore().predictor(file, { batchSize: 2 });
    const row = numbers(784, 7).map((v, i) => ((i * 37) % 100 < 70 ? 0 : v));
    const two = predictor.predict(Float32Array.from([...numbers(784, 5), ...row])) as Float32Array;
    expect(two.subarray(10)).toEqual(seen[3]);
  });

  it.each([Number.NaN, Infinity])("skip nothing where a weight is %d: 0 times it is no 0", (bad) => {
    const file = fileOf((weights) => {
      weights["0.weight"]!.data[5] = bad;
    });
    const want = predictions(plain, testCore(), file);
    expect(want.seen.at(-1)!.some(Number.isNaN)).toBe(true);
    expect(predictions(rewriteByPack, testCore(), file)).toEqual({ seen: want.seen, skips: false });
  });

  it("skip nothing in a trainer, whose weights change", () => {
    const used: string[] = [];
    useRewrite((tape, host) => {
      const rewritten = rewriteByPack(tape, host);
      const nodes = host.program.plan.graphs[host.program.graphs.predict]!.graph.nodes;
      used.push(disassemble({ tape: rewritten, nodes, address: 0 }));
      return rewritten;
    });
    using trainer = testCore().trainer(sequential([784], [dense(37), dense(1)]), {
      ...{ loss: mse(), optimizer: sgd(), batchSize: 1 },
    });
    trainer.predict(new Float32Array(784));
    expect(used).toHaveLength(1);
    expect(used[0]).not.toContain("SparseRow");
  });
});
