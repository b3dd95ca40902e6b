// Runs a graph of a golden case and compares values and gradients.
//
// Place: between the op tables and the engine. L = Σ grad_outputs · outputs, differentiated by the library's autodiff.
// Invariant: expected numbers are only read here, never fed to the graph.

import { gradients } from "../../src/autodiff/gradients.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { AnyNode } from "../../src/graph/ops.ts";
import type { Binding } from "../../src/shape.ts";
import { disagreement, tolerance } from "../reference/agreement.ts";
import type { Feeds } from "../reference/interpreter.ts";
import { type CoreVariant, runOnCore } from "../run-graph.ts";
import { type F32Errors, type GoldenTensor, type Tensors, Wrong } from "./cases.ts";

/** What computes a graph: the core, or the reference interpreter. */
export type Engine = (
  graph: GraphBuilder,
  feeds: Feeds,
  outputs: readonly AnyNode[],
  binding: Binding,
) => { shape: readonly number[]; data: ArrayLike<number> }[];

/** The WASM core, fresh for every graph. */
export const coreEngine =
  (variant: CoreVariant): Engine =>
  (graph, feeds, outputs, binding) =>
    runOnCore(graph, feeds, outputs, { binding, variant });

/** A graph in the making with the numbers of its inputs. */
export class Bench {
  readonly builder = new GraphBuilder();
  readonly feeds: Record<string, readonly number[]> = {};

  /** An input of fixed shape; masks become 0 and 1. */
  input(name: string, tensor: GoldenTensor): AnyNode {
    this.feeds[name] = tensor.data;
    const dtype = tensor.dtype === "i32" ? "i32" : "f32";
    return this.builder.add("input", [], { name, role: "x", shape: tensor.shape, dtype });
  }
}

export interface Expected {
  readonly outputs: Tensors;
  readonly gradOutputs: Tensors;
  readonly grads: Tensors;
  readonly errors: F32Errors;
}

/** Compares tensors part by part; throws Wrong with all that differ. */
export function compareAll(
  pairs: Iterable<[name: string, got: ArrayLike<number>, want: GoldenTensor, f32Error: number]>,
): void {
  const wrong: string[] = [];
  for (const [name, got, want, f32Error] of pairs) {
    const message = disagreement(got, want.data, tolerance(f32Error));
    if (message) wrong.push(`${name}: ${message}`);
  }
  if (wrong.length > 0) throw new Wrong(wrong.join("; "));
}

/** Evaluates named outputs and the gradients of named nodes, and compares them with a case. */
export function checkValues(
  bench: Bench,
  outputs: Readonly<Record<string, AnyNode>>,
  wanted: Readonly<Record<string, AnyNode>>,
  expected: Expected,
  engine: Engine,
  binding: Binding = { batch: 1, time: 1 },
): void {
  const b = bench.builder;
  let scalar = b.fill([], 0);
  for (const [name, dy] of Object.entries(expected.gradOutputs)) {
    const y = outputs[name];
    if (!y) throw new Wrong(`no output ${name}`);
    // Of the output's own shape, in which the batch may be a symbol.
    const seed = bench.input(`d ${name}`, { ...dy, shape: y.shape as readonly number[] });
    scalar = b.addUp(scalar, b.reduceAll("sum", b.mul(y, seed)));
  }
  const gradNames = Object.keys(expected.grads);
  const wantedNodes = gradNames.map((name) => {
    const node = wanted[name];
    if (!node) throw new Wrong(`no tensor ${name} to take the gradient of`);
    return node;
  });
  const grads = wantedNodes.length > 0 ? gradients(b, scalar, wantedNodes) : [];
  const names = Object.keys(expected.outputs);
  const nodes = names.map((name) => {
    const node = outputs[name];
    if (!node) throw new Wrong(`no output ${name}`);
    return node;
  });
  const results = engine(b, bench.feeds, [...nodes, ...grads], binding);
  const { outputs: outputError = 0, grads: gradError = 0 } = expected.errors;
  compareAll([
    ...names.map(
      (name, i) =>
        [name, results[i]!.data, expected.outputs[name]!, outputError] as [
          string,
          ArrayLike<number>,
          GoldenTensor,
          number,
        ],
    ),
    ...gradNames.map(
      (name, i) =>
        [`gradient of ${name}`, results[names.length + i]!.data, expected.grads[name]!, gradError] as [
          string,
          ArrayLike<number>,
          GoldenTensor,
          number,
        ],
    ),
  ]);
}
