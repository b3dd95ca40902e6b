// Trainers whose records are joined, against the same trainers as they are without the pack: same bits everywhere.

import { afterEach, describe, expect, it } from "vitest";
import {
  adam,
  binaryCrossEntropy,
  dense,
  type Layer,
  type Loss,
  mse,
  sequential,
  sgd,
  softmaxCrossEntropy,
} from "../../src/api.ts";
import { rewriteBuiltIn } from "../../src/core/rewrite-built-in.ts";
import { rewriteByPack } from "../../src/core/rewrite-by-pack.ts";
import { type RewriteTape, useRewrite } from "../../src/core/rewritten-tape.ts";
import { Core } from "../../src/session.ts";
import { disassemble } from "../../src/tape/disassemble.ts";
import type { TrainerOptions } from "../../src/train/options.ts";
import type { Trainer } from "../../src/train/trainer.ts";
import { coreModule } from "../run-graph.ts";
import { numbers, testCore, xor } from "./session.ts";

const apart: RewriteTape = (tape) => tape;
afterEach(() => useRewrite(apart));

const opsOf = (trainer: Trainer): string[] =>
  disassemble(trainer.tape())
    .split("\n")
    .map((line) => line.split(/ +/)[1]!);

/** The bits of a run of steps, of evaluations and predictions between them, and of staged epochs. */
async function bitsOf(
  rewrite: RewriteTape,
  request: Request,
  options: Omit<TrainerOptions, "model" | "loss">,
) {
  useRewrite(rewrite);
  const { inputs, batchSize, objective } = request;
  const outputs = objective.target;
  using trainer = testCore().trainer(sequential([inputs], request.layers()), {
    ...{ loss: objective.loss, seed: 5, batchSize },
    ...options,
  });
  const seen: unknown[] = [];
  for (let step = 1; step <= 4; step++) {
    const rows = step === 2 ? 1 : batchSize;
    const weights = step === 3 ? { sampleWeights: numbers(rows, 9).map(Math.abs) } : {};
    seen.push(trainer.step(numbers(rows * inputs, step), outputs(rows, step), weights));
    seen.push(trainer.predict(numbers(3 * inputs, step)), trainer.fingerprint());
  }
  const staged = { x: numbers(7 * inputs, 3), y: outputs(7, 3) };
  seen.push(trainer.evaluate(staged), await trainer.fit(staged, { epochs: 2 }), trainer.fingerprint());
  return { seen: JSON.stringify(seen), ops: opsOf(trainer) };
}

interface Objective {
  readonly loss: Loss;
  target(rows: number, seed: number): Float32Array | Int32Array;
}

interface Request {
  readonly inputs: number;
  readonly batchSize: number;
  readonly objective: Objective;
  layers(): Layer[];
}

const squared: Objective = { loss: mse(), target: numbers };
const binary: Objective = {
  loss: binaryCrossEntropy(),
  target: (rows, seed) => numbers(rows, seed).map((v) => +(v > 0)),
};
const classes: Objective = {
  loss: softmaxCrossEntropy(),
  target: (rows, seed) => Int32Array.from(numbers(rows, seed), (v) => +(v > 0)),
};

describe("joined records", () => {
  const activations = ["tanh", "relu", "sigmoid", "leakyRelu", undefined] as const;
  it.each([1, 2, 3, 4, 5, 8, 9])(
    "give the bits of those they stand for, batches of %i",
    async (batchSize) => {
      for (const [i, activation] of activations.entries())
        for (const [inputs, units] of [
          [1, 1],
          [2, 4],
          [3, 5],
          [7, 6],
        ] as const) {
          const useBias = (i + inputs) % 3 !== 0;
          const layers = (last: number) => [
            dense(units, { useBias, ...(activation && { activation }) }),
            dense(units + 1, { activation: "tanh" }),
            dense(last, {
              useBias: i % 2 === 0,
              ...(last === 1 && i > 2 && { activation: "sigmoid" as const }),
            }),
          ];
          for (const objective of [squared, binary, classes]) {
            const last = objective === classes ? 2 : 1;
            const optimizer = i % 2 === 0 ? sgd({ learningRate: 0.1 }) : adam({ learningRate: 0.01 });
            const request = { inputs, batchSize, objective, layers: () => layers(last) };
            const plain = await bitsOf(apart, request, { optimizer });
            const joined = await bitsOf(rewriteByPack, request, { optimizer });
            expect(joined.seen).toBe(plain.seen);
            expect(plain.ops).not.toContain("DenseForward");
            expect(joined.ops).toContain("DenseBackward");
            if (last === 2 || useBias || activation) expect(joined.ops).toContain("DenseForward");
            expect(joined.ops.includes("SquaredError")).toBe(objective === squared);
            expect(joined.ops.filter((op) => op === "Guard")).toHaveLength(1);
          }
        }
    },
  );

  it("leave the memory as those they stand for do", () => {
    const memories = [apart, rewriteByPack].map((rewrite) => {
      useRewrite(rewrite);
      const trainer = testCore().trainer(sequential([2], [dense(4, { activation: "tanh" }), dense(1)]), {
        loss: mse(),
        optimizer: sgd({ learningRate: 0.5 }),
        batchSize: 4,
      });
      for (let i = 0; i < 3; i++) trainer.step(xor.x, xor.y);
      const { core, program } = trainer.state.executor;
      return core.u8.slice(core.heapBase, program.plan.end);
    });
    expect(memories[1]).toEqual(memories[0]);
  });

  it("are what the full core has built in, and nothing where a core has not", () => {
    const debug = new Core(coreModule("debug"), {});
    for (const [core, joins] of [
      [debug, true],
      [testCore(), false],
    ] as const) {
      useRewrite(rewriteBuiltIn);
      using trainer = core.trainer(sequential([2], [dense(4, { activation: "tanh" }), dense(1)]), {
        loss: mse(),
        optimizer: sgd(),
      });
      expect(opsOf(trainer).includes("DenseForward")).toBe(joins);
    }
  });

  it("leave large layers, whose products have kernels of their own, alone", () => {
    useRewrite(rewriteByPack);
    using trainer = testCore().trainer(sequential([64], [dense(32, { activation: "tanh" }), dense(20)]), {
      loss: softmaxCrossEntropy(),
      optimizer: sgd(),
    });
    expect(opsOf(trainer).filter((op) => op.startsWith("Dense"))).toEqual([]);
    expect(opsOf(trainer).filter((op) => op === "Guard")).toHaveLength(2);
  });

  it("name what is not finite as before", () => {
    useRewrite(rewriteByPack);
    using trainer = testCore().trainer(sequential([2], [dense(4), dense(1)]), {
      loss: mse(),
      optimizer: sgd(),
    });
    const before = trainer.fingerprint();
    const bad = Float32Array.of(0, 0, 0, Number.NaN);
    expect(() => trainer.step(bad, Float32Array.of(0, 1))).toThrow(/x: row 1 has NaN at position 1/);
    expect(() => trainer.step(xor.x, Float32Array.of(0, 1, Infinity, 0))).toThrow(/y: row 2 has Infinity/);
    const huge = xor.x.map((v) => v * 3e38);
    expect(() => trainer.step(huge, xor.y)).toThrow(/infinite or NaN/);
    expect(trainer.fingerprint()).toBe(before);
  });
});
