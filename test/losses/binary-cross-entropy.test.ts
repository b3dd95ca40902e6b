// Binary cross-entropy at the logits where its parts have kinks: zero, and so large that e^z overflows.
//
// Place: beside src/losses. A layer that starts from zeros gives logits of exactly 0, so this is no corner case.

import { expect, test } from "vitest";
import { gradients } from "../../src/autodiff/gradients.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { binaryCrossEntropy } from "../../src/losses/losses.ts";
import { runOnCore } from "../run-graph.ts";

const logits = [0, 0, 0, -0, 300, -300];
const targets = [0, 1, 0.25, 1, 0, 1];

test("value and gradient at zero and at large logits", () => {
  const b = new GraphBuilder();
  const input = (name: string) =>
    b.add("input", [], { name, role: "x", shape: [logits.length, 1], dtype: "f32" });
  const [z, t] = [input("z"), input("t")];
  const values = binaryCrossEntropy().perSample(b, z, t);
  const [dz] = gradients(b, b.reduceAll("sum", values), [z]);
  const [value, gradient] = runOnCore(b, { z: logits, t: targets }, [values, dz!]);
  const log2 = Math.fround(Math.log(2));
  expect(Array.from(value!.data)).toEqual([log2, log2, log2, log2, 300, 300]);
  // d/dz = σ(z) − t
  expect(Array.from(gradient!.data)).toEqual([0.5, -0.5, 0.25, -0.5, 1, -1]);
});
