// Convolution and pooling over random strides, padding, dilation and groups: derivatives, and the core on every variant.
//
// Place: oracle 1 of DESIGN.md for the ops of src/ops. EDGEGRAD_GRAPHS sets the number of graphs (100 here).

import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { opName } from "../../src/graph/defined.ts";
import { absorbReaders } from "../../src/passes/absorb.ts";
import { runOnCore, VARIANTS } from "../run-graph.ts";
import { disagreements } from "./finite-differences.ts";
import type { RandomGraph } from "./random-graph.ts";
import { randomImageGraph } from "./random-image-graph.ts";
import { wrong } from "./wrong-on-core.ts";

const GRAPHS = Number(process.env.EDGEGRAD_GRAPHS ?? 100);

test(`gradients of ${GRAPHS} random image graphs agree with central differences`, {
  timeout: 600_000,
}, () => {
  const ops = new Set<string>();
  for (let seed = 0; seed < GRAPHS; seed++) {
    const g = randomImageGraph(seed);
    for (const node of g.graph.nodes) ops.add(opName(node));
    expect(disagreements(g), `seed ${seed}`).toEqual([]);
  }
  if (GRAPHS >= 100)
    expect([...ops]).toEqual(
      expect.arrayContaining(["conv2d", "conv2dInputGrad", "conv2dWeightGrad", "pool2d", "pool2dGrad"]),
    );
});

/** The same graph after the pass that lets ops take their readers. */
function absorbed(g: RandomGraph): { g: RandomGraph; changed: number } {
  const graph = Object.assign(new GraphBuilder(), { nodes: [...g.graph.nodes] });
  absorbReaders(
    graph,
    [g.loss, ...g.grads].map((node) => node.id),
  );
  const changed = graph.nodes.filter((node, i) => node !== g.graph.nodes[i]).length;
  return { g: { ...g, graph }, changed };
}

describe.each(VARIANTS)("%s", (variant) => {
  test(`values and gradients of ${GRAPHS} random image graphs agree with f64`, { timeout: 900_000 }, () => {
    for (let seed = 0; seed < GRAPHS; seed++) {
      const g = randomImageGraph(seed);
      expect(wrong(g, [g.loss, ...g.grads], variant), `seed ${seed}`).toEqual([]);
    }
  });

  test("a relu that an op has taken over gives the same bits", { timeout: 900_000 }, () => {
    let changed = 0;
    for (let seed = 0; seed < GRAPHS; seed++) {
      const plain = randomImageGraph(seed);
      const fused = absorbed(plain);
      if (fused.changed === 0) continue;
      changed += fused.changed;
      const outputs = [plain.loss, ...plain.grads];
      const run = ({ graph, feeds, binding, random }: RandomGraph) =>
        runOnCore(graph, feeds, outputs, { binding, random, variant }).map(({ data }) => [...data]);
      expect(run(fused.g), `seed ${seed}`).toEqual(run(plain));
      expect(wrong(fused.g, outputs, variant), `seed ${seed}`).toEqual([]);
    }
    expect(changed).toBeGreaterThan(GRAPHS / 4);
  });
});
