// The core against the f64 interpreter on random graphs: values and gradients, every variant.
//
// Place: oracle 1 of DESIGN.md. EDGEGRAD_GRAPHS sets the number of graphs (100 here, 1000 for a release).

import { describe, expect, test } from "vitest";
import { opName } from "../../src/graph/defined.ts";
import type { AnyNode } from "../../src/graph/ops.ts";
import { disagreement, errorScale, tolerance } from "../reference/agreement.ts";
import { interpret } from "../reference/interpreter.ts";
import { type CoreVariant, runOnCore, VARIANTS } from "../run-graph.ts";
import { type RandomGraph, randomGraph } from "./random-graph.ts";

const GRAPHS = Number(process.env.EDGEGRAD_GRAPHS ?? 100);

/** What of some outputs the core gets wrong. */
function wrong(g: RandomGraph, outputs: readonly AnyNode[], variant: CoreVariant): string[] {
  const { graph, feeds, binding, random } = g;
  const exact = interpret(graph, feeds, outputs, { binding, random });
  const plain = interpret(graph, feeds, outputs, { binding, random, round: Math.fround });
  // Every other graph runs in the plan of a larger batch, as the last batch of an epoch does.
  const planned = g.seed % 2 === 0 ? binding : { batch: binding.batch + 3, time: binding.time + 1 };
  const got = runOnCore(graph, feeds, outputs, { binding, planned, random, variant });
  return outputs.flatMap((node, i) => {
    const want = exact[i]!.data;
    const message = disagreement(got[i]!.data, want, tolerance(errorScale(plain[i]!.data, want)));
    return message
      ? [`node ${node.id} ${opName(node)} ${JSON.stringify(node.attrs)} of ${node.inputs}: ${message}`]
      : [];
  });
}

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
