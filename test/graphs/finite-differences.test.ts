// Finite differences on random graphs, and the interpreter's own checks against values known from elsewhere.
//
// Place: oracle 1 of DESIGN.md. EDGEGRAD_GRAPHS sets the number of graphs (100 here, 1000 for a release).

import { expect, test } from "vitest";
import { opName } from "../../src/graph/defined.ts";
import { erf } from "../reference/functions.ts";
import { philoxBlock } from "../reference/philox.ts";
import { disagreements } from "./finite-differences.ts";
import { randomGraph } from "./random-graph.ts";

const GRAPHS = Number(process.env.EDGEGRAD_GRAPHS ?? 100);

/** Every op whose derivative has a rule of its own. */
const DIFFERENTIABLE: readonly string[] = [
  ...([
    "reshape",
    "transpose",
    "expand",
    "slice",
    "embedSlice",
    "concat",
    "cast",
    "unary",
    "binary",
  ] as const),
  ...([
    "reduce",
    "matmul",
    "softmax",
    "softmaxCrossEntropy",
    "argMax",
    "gatherRows",
    "dropout",
    "rnn",
  ] as const),
];

test(`gradients of ${GRAPHS} random graphs agree with central differences`, { timeout: 600_000 }, () => {
  const ops = new Set<string>();
  let redrawn = 0;
  for (let seed = 0; seed < GRAPHS; seed++) {
    const g = randomGraph(seed);
    redrawn += g.redrawn;
    for (const node of g.graph.nodes) {
      ops.add(opName(node));
      if ("fn" in node.attrs) ops.add(`${node.op}.${node.attrs.fn}`);
    }
    expect(disagreements(g), `seed ${seed}`).toEqual([]);
  }
  console.log(`${GRAPHS} graphs, ${redrawn} draws repeated near a kink, ${ops.size} kinds of node`);
  if (GRAPHS >= 100) expect(DIFFERENTIABLE.filter((op) => !ops.has(op))).toEqual([]);
  expect(redrawn).toBeLessThan(GRAPHS * 2);
});

test("the oracle's Philox gives the published vectors", () => {
  const hex = (words: number[]) => words.map((w) => w.toString(16).padStart(8, "0")).join(" ");
  expect(hex(philoxBlock([0, 0, 0, 0], [0, 0]))).toBe("6627e8d5 e169c58d bc57ac4c 9b00dbd8");
  const ones = 0xffffffff;
  expect(hex(philoxBlock([ones, ones, ones, ones], [ones, ones]))).toBe(
    "408f276d 41c83b0e a20bc7c6 6d5451fd",
  );
});

test("the check notices a gradient that is off by a thousandth", () => {
  const g = randomGraph(3);
  const grads = g.grads.map((node) => g.graph.affine(node, 1.001));
  expect(disagreements(g)).toEqual([]);
  expect(disagreements({ ...g, grads }).length).toBeGreaterThan(0);
});

test("the oracle's erf agrees with values from the C library", () => {
  expect(erf(0.5)).toBeCloseTo(0.5204998778130465, 14);
  expect(erf(-1)).toBeCloseTo(-0.8427007929497149, 14);
  // Both sides of the switch from series to continued fraction.
  expect(erf(2.4999)).toBeCloseTo(0.9995928300996666, 14);
  expect(erf(2.5)).toBeCloseTo(0.999593047982555, 14);
  expect(erf(4)).toBeCloseTo(0.9999999845827421, 14);
});
