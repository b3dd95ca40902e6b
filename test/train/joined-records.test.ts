// Trainers whose records are joined, against the same trainers as they are without the pack: same bits everywhere.

import { afterEach, describe, expect, it } from "vitest";
import {
  accumulate,
  adam,
  add,
  binaryCrossEntropy,
  concat,
  dense,
  dropout,
  functional,
  huber,
  type Layer,
  type Loss,
  layerNorm,
  mae,
  meanAbsoluteError,
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

const ANY = ["tanh", "relu", "sigmoid", "gelu", "silu", "elu", "relu6", "softplus"] as const;

/** Numbers in [0, 1) by a seed. */
function drawn(seed: number): () => number {
  const all = numbers(400, seed * 7919);
  let at = 0;
  return () => (all[at++ % all.length]! + 1) / 2;
}

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
  return { seen, ops: opsOf(trainer) };
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
            expect(joined.seen).toEqual(plain.seen);
            expect(plain.ops).not.toContain("DenseForward");
            expect(joined.ops).toContain("DenseBackward");
            if (last === 2 || useBias || activation) expect(joined.ops).toContain("DenseForward");
            expect(joined.ops.includes("SquaredError")).toBe(objective === squared);
            expect(joined.ops.filter((op) => op === "Guard")).toHaveLength(1);
          }
        }
    },
  );

  it.each([1, 2, 3, 4])("give the bits of those they stand for in random networks, part %i", (part) => {
    const met = new Map<string, number>();
    for (let seed = part; seed < 200; seed += 4) {
      const random = drawn(seed);
      const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
      const batchSize = pick([1, 1, 2, 3, 5, 8]);
      const inputs = pick([1, 2, 3, 6]);
      const model = functional({ x: [inputs] }, ({ x }) => {
        const made = [{ at: x, width: inputs }];
        for (let i = 0; i < 5; i++) {
          const { at, width } = pick(made);
          const other = pick(made.filter((one) => one.width === width));
          const kind = Math.floor(random() * 8);
          const units = pick([1, 2, 4, 5, 9]);
          if (kind === 0) made.push({ at: add()(at, other.at), width });
          else if (kind === 1) made.push({ at: concat()(at, other.at), width: 2 * width });
          else if (kind === 2) made.push({ at: layerNorm()(at), width });
          else if (kind === 3) made.push({ at: dropout(0.3)(at), width });
          else {
            const layer = dense(units, { activation: pick(ANY), useBias: random() < 0.7 });
            made.push({ at: layer(at), width: units });
          }
        }
        return dense(1, { useBias: random() < 0.5 })(made.at(-1)!.at);
      });
      const options = {
        loss: pick([mse(), huber(), mae(), binaryCrossEntropy()]),
        optimizer: pick([sgd({ learningRate: 0.05 }), adam(), accumulate(2, sgd()), sgd({ clipNorm: 1 })]),
        metrics: pick([[], [meanAbsoluteError()]]),
      };
      const [plain, joined] = [apart, rewriteByPack].map((rewrite) => {
        useRewrite(rewrite);
        using trainer = testCore().trainer(model, { ...options, batchSize, seed });
        const y = (n: number, at: number) => numbers(n, at).map((v) => +(v > 0));
        const seen = [1, 2, 3, 4].map((at) => {
          const rows = at === 3 ? 1 : batchSize;
          const { loss } = trainer.step(numbers(rows * inputs, at), y(rows, at));
          return [loss, ...(trainer.predict(numbers(3 * inputs, at)) as Float32Array)];
        });
        if (rewrite === rewriteByPack) for (const op of opsOf(trainer)) met.set(op, (met.get(op) ?? 0) + 1);
        return { seen, fingerprint: trainer.fingerprint() };
      });
      expect(joined, `seed ${seed}`).toEqual(plain);
    }
    for (const op of ["DenseForward", "DenseBackward"]) expect(met.get(op), op).toBeGreaterThan(20);
    expect(met.get("SquaredError")).toBeGreaterThan(1);
  });

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

  it("are not joined with a sum that only looks like a bias", async () => {
    // Of one row h + h has the form of h + b.
    const twice = functional({ x: [2] }, ({ x }) => {
      const h = dense(5, { useBias: false })(x);
      return dense(1, { useBias: false })(add()(h, h));
    });
    const losses = [apart, rewriteByPack].map((rewrite) => {
      useRewrite(rewrite);
      using trainer = testCore().trainer(twice, { loss: mse(), optimizer: sgd(), batchSize: 1, seed: 2 });
      return [1, 2, 3].map((step) => trainer.step(numbers(2, step), numbers(1, step)).loss);
    });
    expect(losses[1]).toEqual(losses[0]);
  });

  it("are left as they are where the host forbids to compile their kernels", () => {
    const forbidden: RewriteTape = (tape, host) => {
      const add = () => {
        throw new WebAssembly.CompileError("not here");
      };
      return rewriteByPack(tape, {
        ...{ core: { add } as never, program: host.program },
        runOnce: (writer) => host.runOnce(writer),
      });
    };
    const [plain, refused, joined] = [apart, forbidden, rewriteByPack].map((rewrite) => {
      useRewrite(rewrite);
      using trainer = testCore().trainer(sequential([2], [dense(4, { activation: "tanh" }), dense(1)]), {
        ...{ loss: mse(), optimizer: sgd(), seed: 4 },
      });
      const { loss } = trainer.step(xor.x, xor.y);
      return { loss, ops: opsOf(trainer) };
    });
    expect(refused).toEqual(plain);
    expect(joined!.ops).not.toEqual(plain!.ops);
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
