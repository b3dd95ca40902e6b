// The core against the f64 interpreter on one graph, with a plain f32 run as the error scale.
//
// Place: used by the tests of core agreement. Invariant: the rule of DESIGN.md, "Oracles", and no other tolerance.

import { opName } from "../../src/graph/defined.ts";
import type { AnyNode } from "../../src/graph/ops.ts";
import { disagreement, errorScale, tolerance } from "../reference/agreement.ts";
import { interpret } from "../reference/interpreter.ts";
import { type CoreVariant, runOnCore } from "../run-graph.ts";
import type { RandomGraph } from "./random-graph.ts";

/** What of some outputs the core gets wrong. */
export function wrong(g: RandomGraph, outputs: readonly AnyNode[], variant: CoreVariant): string[] {
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
