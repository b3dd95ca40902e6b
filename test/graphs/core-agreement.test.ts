// The core against the f64 interpreter on random graphs: values and gradients, every variant.
//
// Place: oracle 1 of DESIGN.md. EDGEGRAD_GRAPHS sets the number of graphs (100 here, 1000 for a release).

import { describe, expect, test } from "vitest";
import type { AnyNode } from "../../src/graph/ops.ts";
import { interpret } from "../reference/interpreter.ts";
import { runOnCore, VARIANTS } from "../run-graph.ts";
import { randomGraph } from "./random-graph.ts";
import { wrong } from "./wrong-on-core.ts";

const GRAPHS = Number(process.env.EDGEGRAD_GRAPHS ?? 100);

const holdsNumbers = (node: AnyNode): boolean => node.op !== "reshape" && node.dtype === "f32";

describe.each(VARIANTS)("%s", (variant) => {
  test(`values and gradients of ${GRAPHS} random graphs agree with f64`, { timeout: 900_000 }, () => {
    for (let seed = 0; seed < GRAPHS; seed++) {
      const g = randomGraph(seed);
      const found = wrong(g, [g.loss, ...g.grads], variant);
      // With every value kept nothing shares memory: the first line then names the op, or none does and it is the plan.
      const causes =
        found.length > 0 ? wrong(g, g.graph.nodes.filter(holdsNumbers), variant).slice(0, 3) : [];
      expect({ found, causes }, `seed ${seed}`).toEqual({ found: [], causes: [] });
    }
  });
});

test("dropout masks match exactly", () => {
  let seen = 0;
  for (let seed = 0; seen < 20; seed++) {
    const g = randomGraph(seed);
    const masks = g.graph.nodes.filter((node) => node.op === "dropout" && node.id < g.loss.id);
    if (masks.length === 0) continue;
    seen += 1;
    const { graph, feeds, binding, random } = g;
    const want = interpret(graph, feeds, masks, { binding, random });
    for (const variant of VARIANTS) {
      const got = runOnCore(graph, feeds, masks, { binding, random, variant });
      masks.forEach((_, i) => {
        const zeros = (data: ArrayLike<number>) => Array.from(data, (v) => v === 0);
        expect(zeros(got[i]!.data), `seed ${seed}`).toEqual(zeros(want[i]!.data));
      });
    }
  }
});
