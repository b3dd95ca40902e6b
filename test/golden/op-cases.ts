// Runs `op` cases: one operation, its outputs and the gradients of its inputs.
//
// Place: one kind of the golden runner. Invariant: nothing depends on a case's name.

import type { AnyNode } from "../../src/graph/ops.ts";
import { checkBatchNorm } from "./batch-norm.ts";
import { type Attributes, type GoldenCase, Missing, type Tensors } from "./cases.ts";
import { OPS } from "./ops.ts";
import { Bench, checkValues, type Engine } from "./values.ts";

export interface OpCase extends GoldenCase {
  readonly op: string;
  readonly attrs?: Attributes;
  readonly inputs: Tensors;
  readonly outputs: Tensors;
  readonly grad_outputs?: Tensors;
  readonly grads?: Tensors;
}

export function runOpCase(c: OpCase, engine: Engine): void {
  const expected = {
    outputs: c.outputs,
    gradOutputs: c.grad_outputs ?? {},
    grads: c.grads ?? {},
    errors: c.torch_f32_err ?? {},
  };
  if (c.op === "batch_norm") {
    const {
      training = false,
      eps = 1e-5,
      momentum = 0.1,
    } = c.attrs as {
      training?: boolean;
      eps?: number;
      momentum?: number;
    };
    checkBatchNorm(c.inputs, { training, eps, momentum }, expected, engine);
    return;
  }
  const build = Object.hasOwn(OPS, c.op) ? OPS[c.op] : undefined;
  if (!build) throw c.op.startsWith("loss:") ? new Missing("loss", c.op.slice(5)) : new Missing("op", c.op);
  const bench = new Bench();
  const ins: Record<string, AnyNode> = {};
  for (const [name, tensor] of Object.entries(c.inputs)) ins[name] = bench.input(name, tensor);
  const y = build(bench.builder, ins, c.attrs ?? {}, c.inputs);
  checkValues(bench, { y }, ins, expected, engine);
}
