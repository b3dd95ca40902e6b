// Runs `opinfo` cases: PyTorch's own sample inputs in its calling convention.
//
// Place: one kind of the golden runner. Invariant: nothing depends on a case's name.

import type { AnyNode } from "../../src/graph/ops.ts";
import { checkBatchNorm } from "./batch-norm.ts";
import { type GoldenCase, type GoldenTensor, Missing, supported, type Tensors } from "./cases.ts";
import { type Argument, isNode, OPINFO } from "./opinfo-ops.ts";
import { Bench, checkValues, type Engine, type Expected } from "./values.ts";

export interface OpInfoCase extends GoldenCase {
  readonly op: string;
  readonly input: unknown;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly tensors: Tensors;
  readonly outputs: readonly GoldenTensor[];
  readonly grad_outputs?: readonly GoldenTensor[];
  readonly grads?: Tensors;
}

/** Output i is named `y<i>`; gradients belong to the outputs that depend on a variable, which here are all. */
const named = (list: readonly GoldenTensor[]): Tensors =>
  Object.fromEntries(list.map((t, i) => [`y${i}`, t]));

function batchNorm(c: OpInfoCase, expected: Expected, engine: Engine): void {
  const names = ["running_mean", "running_var", "weight", "bias"];
  const reference = (v: unknown) => (v as { tensor: string } | null)?.tensor;
  const given = new Map([
    ["x", reference(c.input)],
    ...names.map((n, i) => [n, reference(c.args[i])] as const),
  ] as [string, string | undefined][]);
  const inputs = Object.fromEntries(
    [...given].flatMap(([name, key]) => (key === undefined ? [] : [[name, c.tensors[key]!]])),
  );
  const key = (name: string) => [...given].find(([, k]) => k === name)![0];
  const {
    training = false,
    momentum = 0.1,
    eps = 1e-5,
  } = c.kwargs as {
    training?: boolean;
    momentum?: number;
    eps?: number;
  };
  if (inputs.x!.shape.length < 2) throw new Missing("op", "batch_norm without a batch axis");
  const renamed: Expected = {
    ...expected,
    outputs: { y: expected.outputs.y0! },
    gradOutputs: { y: expected.gradOutputs.y0! },
    grads: Object.fromEntries(Object.entries(expected.grads).map(([k, t]) => [key(k), t])),
  };
  // The running averages are not among the outputs, so a momentum outside 0…1 changes nothing here.
  checkBatchNorm(inputs, { training, eps, momentum: Math.min(1, Math.max(0, momentum)) }, renamed, engine);
}

export function runOpInfoCase(c: OpInfoCase, engine: Engine): void {
  const expected: Expected = {
    outputs: named(c.outputs),
    gradOutputs: named(c.grad_outputs ?? []),
    grads: c.grads ?? {},
    errors: c.torch_f32_err ?? {},
  };
  if (c.op === "nn.functional.batch_norm") {
    batchNorm(c, expected, engine);
    return;
  }
  const build = supported(OPINFO, "op", c.op);
  const bench = new Bench();
  const nodes: Record<string, AnyNode> = {};
  const data = new Map<number, GoldenTensor>();
  const resolve = (v: unknown): Argument => {
    if (Array.isArray(v)) return v.map(resolve);
    if (typeof v !== "object" || v === null) return v as Argument;
    const name = (v as { tensor: string }).tensor;
    nodes[name] ??= bench.input(name, c.tensors[name]!);
    data.set(nodes[name].id, c.tensors[name]!);
    return nodes[name];
  };
  const args = [resolve(c.input), ...c.args.map(resolve)];
  const kwargs = Object.fromEntries(Object.entries(c.kwargs).map(([k, v]) => [k, resolve(v)]));
  const dataOf = (node: AnyNode) => data.get(node.id)!;
  const result = build({ b: bench.builder, args, kwargs, dataOf });
  const outputs = isNode(result as Argument) ? [result as AnyNode] : (result as AnyNode[]);
  const byName = Object.fromEntries(outputs.map((node, i) => [`y${i}`, node]));
  checkValues(bench, byName, nodes, expected, engine);
}
